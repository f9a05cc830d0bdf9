"""Who may have our zones whole. Apart from the transfers themselves: every process reads the setting."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from dnsd.model.names import Name


@dataclass(frozen=True, slots=True)
class Allowed:
    """Addresses in these networks, and whoever signs with one of these keys."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    keys: frozenset[Name] = frozenset()

    def has(self, peer: bytes, key_name: Name) -> bool:
        """True for this client; ``key_name`` is empty for a request without a signature."""
        if key_name and key_name in self.keys:
            return True
        address = ip_address(peer)
        return any(address in network for network in self.networks)

    def __bool__(self) -> bool:
        return bool(self.networks or self.keys)


NOBODY = Allowed()
