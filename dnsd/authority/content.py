"""One state of the registry, compiled: its documents, and the names that they and the static zones make."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter

from dnsd.authority import static
from dnsd.authority.compile import compile_node
from dnsd.authority.direct import compiled, direct
from dnsd.authority.domain import Domain
from dnsd.authority.inventory import Inventory
from dnsd.authority.lastknown import LastKnown
from dnsd.authority.node import Node
from dnsd.authority.pointers import Pointers
from dnsd.authority.schema import namespace_name
from dnsd.authority.slowstart import SlowStart
from dnsd.authority.tree import Tree
from dnsd.authority.words import Words, words_of
from dnsd.authority.zone import Zone
from dnsd.model.names import Name, child
from dnsd.model.rrset import ZoneData
from dnsd.model.service import Endpoint, ServiceKey

_id_of = attrgetter("id")


class Content:
    """Documents and nodes of one state; built beside the one that answers, or changed in place by a change."""

    def __init__(
        self, domain: Domain, static_zones: Sequence[ZoneData], last_known: LastKnown, slow_start: SlowStart
    ) -> None:
        self._domain = domain
        self._last_known = last_known
        self._slow_start = slow_start
        self.inventory = Inventory()
        self.zones = {origin: domain.zone(origin) for origin in (*domain.zones, *domain.reverse)}
        self.tree = Tree({})
        self.words = Words()
        for zone in self.zones.values():
            for owner, sets in domain.standing(zone.origin).items():
                self.tree.put(owner, compile_node(zone, sets, domain.glue))
        static.plant(static_zones, self.zones, self.tree)
        own_reverse = frozenset(domain.reverse) - {data.origin for data in static_zones}
        self.pointers = Pointers(self.zones, own_reverse, self.tree, domain)
        self.owners: dict[ServiceKey, tuple[Name, ...]] = {}

    def publish(self, key: ServiceKey) -> None:
        """Compile everything this service makes, in every cluster domain, and withdraw what it made before."""
        before = self.owners.pop(key, ())
        after: dict[Name, None] = {}
        for origin in self._domain.zones:
            after.update(dict.fromkeys(self._put_service(key, self.zones[origin])))
        for owner in before:
            if owner not in after:
                self.tree.drop(owner)
        if after:
            self.owners[key] = tuple(after)
        self._say(key, (*before, *after))

    def published(self, key: ServiceKey) -> Collection[Endpoint]:
        """The endpoints that this service's names are made of: its own, or those last known; weights of the moment."""
        holding = self.inventory.holdings.get(key)
        if holding is None or holding.service is None:
            return ()
        known = self._last_known.endpoints(holding.service, holding.endpoints)
        return self._slow_start.endpoints(holding.service, known)

    def _say(self, key: ServiceKey, owners: Iterable[Name]) -> None:
        """Say of the service what is to be said, in every cluster domain, and why to whoever asks for a port of it."""
        holding = self.inventory.holdings.get(key)
        reason = ports = ""
        if holding is not None and holding.service is not None:
            reason, ports = words_of(holding.service, holding.endpoints, self.published(key))
        for origin in self._domain.zones:
            self.words.put(child(key[1], namespace_name(key[0], origin)), reason, ports)
        for owner in owners:
            if owner[1:2] == b"_" and (reason or owner in self.words.reasons):
                node = self.tree.nodes.get(owner)
                self.words.put(owner, reason if node is not None and node.answers else "", "")

    def _put_service(self, key: ServiceKey, zone: Zone) -> Iterable[Name]:
        """Put this service's names into one zone (their PTRs with the first); returns the owners."""
        service = self.inventory.service(key)
        nodes: Mapping[Name, Node] = {}
        pointers: Mapping[str, tuple[Name, ...]] = {}
        if service is not None:
            known = sorted(self.published(key), key=_id_of)
            made = direct(service, known, zone, self.tree.nodes) or compiled(service, known, zone)
            nodes, pointers = made.nodes, made.pointers
        for owner, node in nodes.items():
            self.tree.put(owner, node)
        if zone.origin == self._domain.zones[0]:
            self.pointers.put(key, pointers, service.ttl_seconds if service else 0)
        return nodes
