"""Values by network: the longest prefix that holds a client's address decides."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Generic, TypeVar

_V4_MAPPED = bytes(10) + b"\xff\xff"

V = TypeVar("V")


class Networks(Generic[V]):
    """A few networks, compiled: a look-up costs one shift and one dict for each prefix length in use."""

    def __init__(self, values: Iterable[tuple[str, V]] = ()) -> None:
        """``values``: networks in text with what stands for them; a later one of the same network counts."""
        levels: dict[int, dict[int, dict[int, V]]] = {4: {}, 16: {}}
        for text, value in values:
            network = ip_network(text)
            shift = network.max_prefixlen - network.prefixlen
            first = int(network.network_address) >> shift
            levels[network.max_prefixlen // 8].setdefault(shift, {})[first] = value
        self._levels = {octets: sorted(found.items()) for octets, found in levels.items()}

    def find(self, peer: bytes) -> V | None:
        """What stands for the network of ``peer`` (4 or 16 address octets); None when it is in none."""
        peer = unmapped(peer)
        address = int.from_bytes(peer)
        for shift, values in self._levels[len(peer)]:
            value = values.get(address >> shift)
            if value is not None:
                return value
        return None

    def __bool__(self) -> bool:
        return any(self._levels.values())


def unmapped(peer: bytes) -> bytes:
    """The IPv4 address in an IPv4-mapped IPv6 one (RFC 4291 2.5.5.2); any other as it is."""
    return peer[12:] if len(peer) == 16 and peer.startswith(_V4_MAPPED) else peer
