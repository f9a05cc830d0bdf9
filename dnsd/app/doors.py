"""The sockets of a replica, opened before anything else: DNS, plain and encrypted, and the admin API's."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress

from dnsd.config import Settings
from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address
from dnsd.server.binding import bind
from dnsd.server.sockets import DnsSocket, reserve

_BACKLOG = 128


class Doors:
    """What :func:`open_doors` opened; ``admin_address`` has its port filled in."""

    def __init__(
        self, dns: list[DnsSocket], admin: socket.socket, dot: list[socket.socket], doh: list[socket.socket]
    ) -> None:
        self.dns = dns
        self.admin = admin
        self.dot = dot
        self.doh = doh
        host, port, *_ = admin.getsockname()
        self.admin_address = Address(host, port)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where DNS is served, ports filled in."""
        return tuple(door.address for door in self.dns)

    def close(self) -> None:
        """Give all addresses back."""
        for door in self.dns:
            door.close()
        for listener in (self.admin, *self.dot, *self.doh):
            listener.close()


def open_doors(settings: Settings) -> Doors:
    """Bind every address; raises InvalidSetting that says what is in the way, and then holds none."""
    with ExitStack() as opened:
        dns = reserve(settings.dns, settings.workers, "dns")
        for door in dns:
            opened.callback(door.close)
        admin = opened.enter_context(_listen(settings.admin, "admin"))
        dot = [opened.enter_context(_listen(address, "dot")) for address in settings.dot]
        doh = [opened.enter_context(_listen(address, "doh")) for address in settings.doh]
        opened.pop_all()
    return Doors(dns, admin, dot, doh)


def _listen(address: Address, setting: str) -> socket.socket:
    listener = bind(address, socket.SOCK_STREAM, setting, is_shared=False)
    try:
        # At once, by us: two may bind a port with SO_REUSEADDR as long as none listens. And who calls while control is
        # started again waits for it.
        listener.listen(_BACKLOG)
    except OSError as fault:
        listener.close()
        raise InvalidSetting(f"{setting} {address}: {fault.strerror}") from None
    return listener


def advertised(settings: Settings) -> tuple[str, ...]:
    """The addresses of ``ns.dns.<zone>``: as set, else those of ``dns``, else the one from which we reach others."""
    if settings.advertise:
        return settings.advertise
    families = dict.fromkeys(address.family for address in settings.dns)
    return tuple(host for family in families if (host := _own_address(family)))


def _own_address(family: socket.AddressFamily) -> str:
    elsewhere = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"  # documentation; nothing is sent
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as door:
        door.connect((elsewhere, 53))
        return str(door.getsockname()[0])
    return ""
