"""One state of the registry, compiled: its documents, and the names that they and the static zones make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dnsd.authority import schema, static
from dnsd.authority.compile import compile_node
from dnsd.authority.inventory import Inventory
from dnsd.authority.lastknown import LastKnown
from dnsd.authority.pointers import Pointers
from dnsd.authority.tree import Tree
from dnsd.authority.zone import Zone
from dnsd.model import rdata
from dnsd.model.message import RRType
from dnsd.model.names import Name, child
from dnsd.model.rrset import Record, RRset, ZoneData
from dnsd.model.service import ServiceKey


@dataclass(frozen=True, slots=True)
class Domain:
    """What we are authoritative for, whatever is registered.

    ``zones``: origins of the cluster domains, the first one names PTR targets; ``reverse``: origins of reverse zones;
    ``advertised``: addresses of ``ns.dns.<zone>``; ``negative_ttl`` in seconds, the TTL of the fixed names too.
    """

    zones: tuple[Name, ...]
    reverse: tuple[Name, ...]
    advertised: tuple[str, ...]
    negative_ttl: int
    server: Name = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "server", child("ns", child("dns", self.zones[0])))


class Content:
    """Documents and nodes of one state; built beside the one that answers, or changed in place by a change."""

    def __init__(self, domain: Domain, static_zones: Sequence[ZoneData], last_known: LastKnown) -> None:
        self._domain = domain
        self._last_known = last_known
        self.inventory = Inventory()
        self.zones = {origin: _own_zone(domain, origin) for origin in (*domain.zones, *domain.reverse)}
        self.tree = Tree({})
        for zone in list(self.zones.values()):
            self._put_fixed(zone)
        static.plant(static_zones, self.zones, self.tree)
        own_reverse = frozenset(domain.reverse) - {data.origin for data in static_zones}
        self._pointers = Pointers(self.zones, own_reverse, self.tree)
        self._owners: dict[ServiceKey, set[Name]] = {}

    def publish(self, key: ServiceKey) -> None:
        """Compile everything this service makes, in every cluster domain, and withdraw what it made before."""
        before = self._owners.pop(key, set())
        after: set[Name] = set()
        for origin in self._domain.zones:
            after.update(self._put_service(key, self.zones[origin]))
        for owner in before - after:
            self.tree.drop(owner)
        if after:
            self._owners[key] = after

    def _put_service(self, key: ServiceKey, zone: Zone) -> Iterable[Name]:
        """Put this service's names into one zone (their PTRs with the first); returns the owners."""
        service = self.inventory.service(key)
        made = schema.Published()
        if service is not None:
            current = self.inventory.holdings[key].endpoints
            made = schema.publish(service, self._last_known.endpoints(service, current), zone.origin)
        for owner, sets in made.sets.items():
            self.tree.put(owner, compile_node(zone, sets, lambda name: made.sets.get(name, ()), made.kind))
        if zone.origin == self._domain.zones[0]:
            self._pointers.put(key, made.pointers, service.ttl_seconds if service else 0)
        return made.sets

    def _put_fixed(self, zone: Zone) -> None:
        """NS at every apex; in a cluster domain also the server's addresses, the schema's version and ``svc``."""
        ttl, origin = self._domain.negative_ttl, zone.origin
        self._put(zone, origin, [RRset(origin, RRType.NS, ttl, (Record(self._domain.server),))])
        if origin not in self._domain.zones:
            return
        version = child("dns-version", origin)
        self._put(zone, version, [RRset(version, RRType.TXT, ttl, (Record(rdata.txt(schema.DNS_VERSION)),))])
        server = child("ns", child("dns", origin))
        self._put(zone, server, _address_sets(self._domain, server))
        self._put(zone, child("svc", origin), [])

    def _put(self, zone: Zone, owner: Name, sets: Iterable[RRset]) -> None:
        glue = {self._domain.server: _address_sets(self._domain, self._domain.server)}
        self.tree.put(owner, compile_node(zone, sets, lambda name: glue.get(name, ())))


def _own_zone(domain: Domain, origin: Name) -> Zone:
    soa = rdata.Soa(domain.server, child("hostmaster", domain.zones[0]), 0, minimum=domain.negative_ttl)
    return Zone(origin, soa, domain.negative_ttl, follows_revision=True)


def _address_sets(domain: Domain, owner: Name) -> list[RRset]:
    by_type: dict[int, list[Record]] = {}
    for address in domain.advertised:
        rtype, data = rdata.address(address)
        by_type.setdefault(rtype, []).append(Record(data))
    return [RRset(owner, rtype, domain.negative_ttl, tuple(records)) for rtype, records in by_type.items()]
