"""Which addresses may be registered: never one that means something else on every host, and loopback only at home."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address


def refusal_of_addresses(loopback_allowed: bool) -> Callable[[str], str | None]:
    """A function that says why an address may not be registered, or None; what is no address is not its business."""

    def refusal(text: str) -> str | None:
        if _is_plain(text):
            return None
        try:
            address = ip_address(text)
        except ValueError:
            return None
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            return f"{text} is an IPv4 address in disguise; register {address.ipv4_mapped}"
        if address.is_loopback and not loopback_allowed:
            return f"{text} is a loopback address, of use only when dnsd itself listens on loopback"
        for is_so, what in _NEVER:
            if is_so(address):
                return f"{text} is {what} address; it may not be registered"
        return None

    return refusal


def _is_plain(text: str) -> bool:
    """True when a quick look at the first octet shows that there is nothing to refuse; it saves 6 us an endpoint."""
    try:
        if ":" in text:
            return socket.inet_pton(socket.AF_INET6, text)[0] in _PLAIN_IPV6
        return socket.inet_pton(socket.AF_INET, text)[0] in _PLAIN_IPV4
    except (OSError, ValueError):
        return False


_PLAIN_IPV4 = frozenset(range(1, 224)) - {127, 169}
_PLAIN_IPV6 = frozenset((*range(0x20, 0x40), 0xFC, 0xFD))
"""First octets of global unicast and unique-local addresses (RFC 4291 2.4, RFC 4193 3.1)."""
_NEVER: tuple[tuple[Callable[..., bool], str], ...] = (
    (lambda address: address.is_link_local, "a link-local"),
    (lambda address: address.is_multicast, "a multicast"),
    (lambda address: address.is_unspecified, "the unspecified"),
)
