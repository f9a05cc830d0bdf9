"""The sockets that DNS is served on: one UDP and one TCP socket an address, reserved at start, given traffic later.

A closed port is the one signal that sends every client to its next server, so a reserved port is kept *closed*: TCP is
bound without ``listen``, and UDP is connected to a peer that cannot exist, so that the kernel answers everybody else
with ICMP port unreachable. To open UDP the association is dissolved (``connect`` to AF_UNSPEC), which keeps the socket
and what waits in it over a responder's restart. Of an IPv6 socket Linux forgets only the peer's port then, and goes on
to take packets from the peer's address alone: such a socket stays closed for ever, and the responder binds another.

Invariant: an address is bound once without SO_REUSEPORT first, because two servers with it share packets in silence.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from collections.abc import Sequence

from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address
from dnsd.server.binding import bind
from dnsd.server.spread import spread

BACKLOG = 1024
CONNECTION_BUFFER_OCTETS = 128 * 1024
"""What the kernel keeps of a connection, each way: unbounded it takes megabytes of answers that nobody reads, and it is
long before we see that nobody does."""
_FREE_PORT_TRIES = 16
_IMPOSSIBLE_PORT = 1
_CAN_HOLD_CLOSED = sys.platform == "linux"


class DnsSocket:
    """One address's UDP and TCP sockets, closed to traffic until :meth:`open_traffic`.

    ``responders`` serve the address. When they are several, each binds sockets of its own when it opens, so that what
    comes for one that died goes to the others; with one responder the reserved sockets themselves are used, so that
    what comes while it restarts waits for it. For IPv6 one responder binds its own too (see above): while it restarts,
    the port is closed.

    ``drawn_among``: so many responders the kernel draws one from for each datagram, once traffic is open; 1 where a
    client's port belongs to one of them.
    """

    def __init__(self, address: Address, udp: socket.socket, tcp: socket.socket, responders: int) -> None:
        self.address = address
        self.responders = responders
        self.drawn_among = 1
        self._binds_anew = responders > 1 or (_CAN_HOLD_CLOSED and address.family == socket.AF_INET6)
        self.udp = udp
        self.tcp = tcp
        self._reserved = (udp, tcp)

    @property
    def descriptors(self) -> tuple[int, int]:
        """File descriptors of the reserved sockets, UDP and TCP, for :func:`adopt` in another process."""
        udp, tcp = self._reserved
        return udp.fileno(), tcp.fileno()

    def open_traffic(self) -> None:
        """Let the kernel deliver. Repeating it is harmless. Raises InvalidSetting when the port cannot be bound."""
        if self._binds_anew and self.udp is self._reserved[0]:
            self.udp, self.tcp = _bind_pair(self.address, "")
            if self.responders > 1 and spread(self.udp, self.responders, is_wildcard=self.address.is_wildcard):
                self.drawn_among = self.responders
        elif not self._binds_anew and _CAN_HOLD_CLOSED:
            _dissolve(self.udp)
        for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            self.tcp.setsockopt(socket.SOL_SOCKET, buffer, CONNECTION_BUFFER_OCTETS)
        self.tcp.listen(BACKLOG)

    def stop_listening(self) -> None:
        """Take no new TCP connection. Those that wait to be accepted are lost, so accept them first."""
        if self._binds_anew:
            self._close_own_tcp()
        elif _CAN_HOLD_CLOSED and self.tcp.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            # Not close(): the parent holds this socket too, and the kernel would go on accepting connections for it.
            # Once only: what is shut down while it does not listen passes that on to all connections of its next life.
            self.tcp.shutdown(socket.SHUT_RDWR)

    def close_traffic(self) -> None:
        """Make the ports closed again for clients, while the address stays ours."""
        self.stop_listening()
        if self._binds_anew:
            self._close_own()
        elif _CAN_HOLD_CLOSED:
            _hold_closed(self.udp, self.address)

    def close(self) -> None:
        """Give everything back."""
        self._close_own()
        for reserved in self._reserved:
            reserved.close()

    def _close_own(self) -> None:
        self._close_own_tcp()
        if self.udp is not self._reserved[0]:
            self.udp.close()
            self.udp = self._reserved[0]

    def _close_own_tcp(self) -> None:
        if self.tcp is not self._reserved[1]:
            self.tcp.close()
            self.tcp = self._reserved[1]


def reserve(addresses: Sequence[Address], workers: int, setting: str = "--dns") -> list[DnsSocket]:
    """Bind every address, closed to traffic. Raises InvalidSetting that says what is in the way."""
    reserved: list[DnsSocket] = []
    try:
        reserved.extend(_reserve_one(address, workers, setting) for address in addresses)
    except InvalidSetting:
        for earlier in reserved:
            earlier.close()
        raise
    return reserved


def adopt(descriptors: Sequence[tuple[int, int]], workers: int) -> list[DnsSocket]:
    """What another process reserved, from the inherited file descriptors (UDP, TCP) of each address."""
    adopted = []
    for udp_descriptor, tcp_descriptor in descriptors:
        udp, tcp = socket.socket(fileno=udp_descriptor), socket.socket(fileno=tcp_descriptor)
        for inherited in (udp, tcp):
            inherited.setblocking(False)
        # TCP's name, because a UDP socket that is held closed shows the source address of its association.
        adopted.append(DnsSocket(_address_of(tcp), udp, tcp, workers))
    return adopted


def _address_of(bound: socket.socket) -> Address:
    host, port, *rest = bound.getsockname()
    scope = rest[1] if rest else 0
    return Address(f"{host}%{scope}" if scope else host, port)


def _reserve_one(address: Address, workers: int, setting: str) -> DnsSocket:
    tries = _FREE_PORT_TRIES if address.port == 0 else 1
    for left in reversed(range(tries)):
        try:
            settled = _find_free(address, setting)
            udp, tcp = _bind_pair(settled, setting)
        except InvalidSetting:
            if left == 0:
                raise
            continue
        break
    if _CAN_HOLD_CLOSED:
        _hold_closed(udp, settled)
    return DnsSocket(settled, udp, tcp, workers)


def _find_free(address: Address, setting: str) -> Address:
    """The address, its port filled in, after a bind of UDP and TCP that no other socket may share."""
    with bind(address, socket.SOCK_DGRAM, setting, is_shared=False) as udp:
        settled = Address(address.host, udp.getsockname()[1])
        bind(settled, socket.SOCK_STREAM, setting, is_shared=False).close()
    return settled


def _bind_pair(address: Address, setting: str) -> tuple[socket.socket, socket.socket]:
    udp = bind(address, socket.SOCK_DGRAM, setting, is_shared=True)
    try:
        tcp = bind(address, socket.SOCK_STREAM, setting, is_shared=True)
    except InvalidSetting:
        udp.close()
        raise
    return udp, tcp


def _hold_closed(udp: socket.socket, address: Address) -> None:
    """Associate with a peer that cannot send: our own host's port 1. For all others the port is closed then."""
    loopback = "::1" if address.family == socket.AF_INET6 else "127.0.0.1"
    udp.connect((loopback if address.is_wildcard else address.host, _IMPOSSIBLE_PORT))


def _dissolve(udp: socket.socket) -> None:
    """End the association (connect(2): AF_UNSPEC), which Python's own ``connect`` cannot express."""
    nobody = struct.pack("=H14x", socket.AF_UNSPEC)
    library = ctypes.CDLL(None, use_errno=True)
    if library.connect(udp.fileno(), nobody, len(nobody)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
