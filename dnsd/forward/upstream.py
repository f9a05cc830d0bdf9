"""Upstreams: the resolvers that other names are asked of, as settings and ``resolv.conf`` name them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

DNS_PORT, TLS_PORT = 53, 853
_PORT_MOST = 65_535
_RIGHT = "ADDR, ADDR:PORT, [IPv6]:PORT, tls://ADDR[:PORT][#NAME] or the path of a resolv.conf is needed"
_NAMESERVERS_MOST = 3
"""What resolv.conf(5) lets a host have."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A resolver: address in canonical text and port; over TLS (RFC 7858) when ``is_tls``.

    ``tls_name``: what its certificate must be for; the address itself when it is empty.
    """

    host: str
    port: int = DNS_PORT
    is_tls: bool = False
    tls_name: str = ""

    def __str__(self) -> str:
        place = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        return f"tls://{place}{'#' + self.tls_name if self.tls_name else ''}" if self.is_tls else place


def parse_upstream(text: str) -> Upstream:
    """The upstream that a setting names. ValueError says what is right."""
    if text.startswith("tls://"):
        parts = urlsplit(text)
        if parts.username or parts.path or parts.query:
            raise ValueError(_RIGHT)
        host, port = _place(parts.netloc, TLS_PORT)
        return Upstream(host, port, True, parts.fragment.rstrip(".").lower())
    return Upstream(*_place(text, DNS_PORT))


def nameservers_of(text: str) -> tuple[Upstream, ...]:
    """The upstreams of a resolv.conf, at most three (resolv.conf(5)); a line that makes no sense is skipped."""
    found: dict[Upstream, None] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                found[Upstream(_address(words[1]))] = None
            except ValueError:
                continue
    return tuple(found)[:_NAMESERVERS_MOST]


def _place(text: str, default_port: int) -> tuple[str, int]:
    host, port = text, ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(_RIGHT)
        port = rest[1:] if rest else str(default_port)
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        port = str(default_port)
    address = _address(host)
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= _PORT_MOST):
        raise ValueError(f"the port must be a number from 1 to {_PORT_MOST}")
    return address, int(port)


def _address(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError(_RIGHT) from None
    if address.is_unspecified or address.is_multicast:
        raise ValueError("the address of one resolver is needed")
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
