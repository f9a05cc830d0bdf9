"""PTR names: which host names an address has, over all services that use it (Kubernetes DNS specification 2.3.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dnsd.authority.compile import compile_node
from dnsd.authority.domain import Domain
from dnsd.authority.reverse import pointer_owner
from dnsd.authority.tree import Tree
from dnsd.authority.zone import Zone
from dnsd.model.message import RRType
from dnsd.model.names import Name
from dnsd.model.rrset import Record, RRset
from dnsd.model.service import ServiceKey

Targets = tuple[int, frozenset[Name]]
"""TTL in seconds and host names that one service gives an address."""


class Pointers:
    """The PTR RRsets of our reverse zones; an address outside them, or inside a static zone, has none."""

    def __init__(self, zones: Mapping[Name, Zone], origins: Collection[Name], tree: Tree, domain: Domain) -> None:
        self._zones = zones
        self._own = frozenset(origins)
        self._all = frozenset(zones)
        self._tree = tree
        self._domain = domain
        self._by_address: dict[str, dict[ServiceKey, Targets]] = {}
        self._by_service: dict[ServiceKey, frozenset[str]] = {}

    def put(self, key: ServiceKey, pointers: Mapping[str, set[Name]], ttl: int) -> None:
        """Let this service give its addresses exactly these names."""
        before = self._by_service.pop(key, frozenset())
        for address in before - pointers.keys():
            self._forget(address, key)
        for address, targets in pointers.items():
            new: Targets = (ttl, frozenset(targets))
            given = self._by_address.setdefault(address, {})
            if given.get(key) != new:
                given[key] = new
                self._compile(address)
        if pointers:
            self._by_service[key] = frozenset(pointers)

    def _forget(self, address: str, key: ServiceKey) -> None:
        given = self._by_address[address]
        del given[key]
        if not given:
            del self._by_address[address]
        self._compile(address)

    def _compile(self, address: str) -> None:
        found = pointer_owner(address, self._all)
        if found is None or found[1] not in self._own:
            return
        owner, origin = found
        # A range of one address has its only PTR at the apex, beside what stands there.
        sets = self._domain.standing(origin)[owner] if owner == origin else []
        given = self._by_address.get(address)
        if given:
            targets = sorted(frozenset().union(*(names for _, names in given.values())))
            ttl = min(ttl for ttl, _ in given.values())
            sets.append(RRset(owner, RRType.PTR, ttl, tuple(Record(target) for target in targets)))
        if sets:
            self._tree.put(owner, compile_node(self._zones[origin], sets, self._domain.glue))
        else:
            self._tree.drop(owner)
