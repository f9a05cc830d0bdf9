"""Reverse ranges: which ``in-addr.arpa`` and ``ip6.arpa`` zones a CIDR makes.

An odd prefix is split at the next octet (IPv4) or nibble (IPv6): 172.16.0.0/12 makes sixteen zones.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, ip_network

from dnsd.model.names import Name, name_from_text, parent_of

PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Private (RFC 1918) and unique-local (RFC 4193) addresses, the default."""


def zones_of(cidr: str) -> list[Name]:
    """The origins of the zones that cover exactly this range. ValueError when it is not a range, or is everything."""
    network = ip_network(cidr)
    if network.prefixlen == 0:
        raise ValueError(f"{cidr} is every address there is; give the ranges that are yours")
    step = 8 if isinstance(network, IPv4Network) else 4
    length = -(-network.prefixlen // step) * step
    cut = (network.max_prefixlen - length) // step
    origins = []
    for part in network.subnets(new_prefix=length):
        labels = part.network_address.reverse_pointer.split(".")
        origins.append(name_from_text(".".join(labels[cut:])))
    return origins


def nearest_origin(name: Name, origins: Collection[Name]) -> Name | None:
    """The innermost of these origins that ``name`` is at or below, if there is one."""
    while len(name) > 1:
        if name in origins:
            return name
        name = parent_of(name)
    return None
