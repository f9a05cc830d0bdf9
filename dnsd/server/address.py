"""Where DNS is served: addresses with ports, as settings and socket names give them."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from dnsd.model.errors import InvalidSetting

PORT_MOST = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """Where DNS is served: an IPv4 or IPv6 address in canonical text, and a port (0: any free one)."""

    host: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """AF_INET or AF_INET6."""
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    @property
    def is_wildcard(self) -> bool:
        """True for 0.0.0.0 and ::, where the address that was asked has to be learnt from each packet."""
        return ip_address(self.host).is_unspecified

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, setting: str = "--dns") -> Address:
    """``ADDR:PORT`` or ``[IPv6]:PORT`` as a value. Raises InvalidSetting that names ``setting``."""
    host, colon, port = text.strip().rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ip_address(bare)
    except ValueError:
        address = None
    if not colon or address is None or (address.version == 6) != (bare != host):
        raise InvalidSetting(f"{setting} {text!r}: must be ADDR:PORT, such as 127.0.0.1:53, 0.0.0.0:53 or [::1]:53")
    if not (port.isascii() and port.isdigit() and int(port) <= PORT_MOST):
        raise InvalidSetting(f"{setting} {text!r}: the port must be a number from 1 to {PORT_MOST}")
    return Address(str(address), int(port))
