"""Which addresses may be registered: never one that means something else on every host, and loopback only at home."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address


def refusal_of_addresses(loopback_allowed: bool) -> Callable[[str], str | None]:
    """A function that says why an address may not be registered, or None; what is no address is not its business."""

    def refusal(text: str) -> str | None:
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


_NEVER: tuple[tuple[Callable[..., bool], str], ...] = (
    (lambda address: address.is_link_local, "a link-local"),
    (lambda address: address.is_multicast, "a multicast"),
    (lambda address: address.is_unspecified, "the unspecified"),
)
