"""What we are authoritative for, whatever is registered: the zones, and the names that stand in each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dnsd.authority import schema
from dnsd.authority.zone import Zone
from dnsd.model import rdata
from dnsd.model.message import RRType
from dnsd.model.names import Name, child
from dnsd.model.rrset import Record, RRset


@dataclass(frozen=True, slots=True)
class Domain:
    """The registry's zones.

    ``zones``: origins of the cluster domains, the first one names PTR targets; ``reverse``: origins of reverse zones;
    ``advertised``: addresses of ``ns.dns.<zone>``; ``negative_ttl`` in seconds, the TTL of the standing names too;
    ``shared``: origins of reverse zones whose missing names somebody else may know.
    """

    zones: tuple[Name, ...]
    reverse: tuple[Name, ...]
    advertised: tuple[str, ...]
    negative_ttl: int
    shared: frozenset[Name] = frozenset()
    server: Name = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "server", child("ns", child("dns", self.zones[0])))

    def zone(self, origin: Name) -> Zone:
        """A zone of ours, its SOA still to be stamped."""
        soa = rdata.Soa(self.server, child("hostmaster", self.zones[0]), 0, minimum=self.negative_ttl)
        # What is missing there takes a closer look, as where wildcards are: not the fast way.
        return Zone(origin, soa, self.negative_ttl, follows_revision=True, has_wildcards=origin in self.shared)

    def standing(self, origin: Name) -> dict[Name, list[RRset]]:
        """NS at the apex; in a cluster domain also the server's addresses, the schema's version and ``svc``."""
        sets = {origin: [RRset(origin, RRType.NS, self.negative_ttl, (Record(self.server),))]}
        if origin in self.zones:
            version, server = child("dns-version", origin), child("ns", child("dns", origin))
            text = Record(rdata.txt(schema.DNS_VERSION))
            sets[version] = [RRset(version, RRType.TXT, self.negative_ttl, (text,))]
            sets[server] = self._addresses(server)
            sets[child("svc", origin)] = []
        return sets

    def glue(self, name: Name) -> Sequence[RRset]:
        """The RRsets that go with an NS record for ``name``."""
        return self._addresses(name) if name == self.server else ()

    def _addresses(self, owner: Name) -> list[RRset]:
        by_type: dict[int, list[Record]] = {}
        for address in dict.fromkeys(self.advertised):
            rtype, data = rdata.address(address)
            by_type.setdefault(rtype, []).append(Record(data))
        return [RRset(owner, rtype, self.negative_ttl, tuple(records)) for rtype, records in by_type.items()]
