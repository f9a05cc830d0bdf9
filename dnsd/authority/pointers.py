"""PTR names: which host names an address has, over all services that use it (Kubernetes DNS specification 2.3.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache, partial

from dnsd.authority.compile import compile_node, lone_node
from dnsd.authority.domain import Domain
from dnsd.authority.reverse import nearest_origin
from dnsd.authority.tree import Tree
from dnsd.authority.zone import Zone
from dnsd.model.message import RRType
from dnsd.model.names import Name, parent_of, reverse_name
from dnsd.model.rrset import Record, RRset
from dnsd.model.service import ServiceKey

Given = tuple[ServiceKey, int, tuple[Name, ...]]
"""A service, and the TTL in seconds and host names that it gives an address."""
_RANGES_KEPT = 1024


class PointersKept:
    """What services give, as of one moment."""

    def __init__(
        self, by_address: Mapping[str, tuple[Given, ...]], by_service: Mapping[ServiceKey, tuple[str, ...]]
    ) -> None:
        self._by_address = by_address
        self._by_service = by_service

    def of(self, key: ServiceKey) -> list[tuple[str, int, tuple[Name, ...]]]:
        """Each address to which this service gives names, with TTL in seconds and these."""
        return [
            (address, ttl, targets)
            for address in self._by_service.get(key, ())
            for service, ttl, targets in self._by_address[address]
            if service == key
        ]


class Pointers:
    """The PTR RRsets of our reverse zones; an address outside them, or inside a static zone, has none."""

    def __init__(self, zones: Mapping[Name, Zone], origins: Collection[Name], tree: Tree, domain: Domain) -> None:
        self._zones = zones
        self._own = frozenset(origins)
        self._all = frozenset(zones)
        self._tree = tree
        self._domain = domain
        # Tuples, and not dicts and sets, because there are as many as endpoints, nearly all of one.
        self._by_address: dict[str, tuple[Given, ...]] = {}
        self._by_service: dict[ServiceKey, tuple[str, ...]] = {}
        # Neighbours share it: most addresses of a /24 come one after the other.
        self._zone_above = lru_cache(maxsize=_RANGES_KEPT)(partial(nearest_origin, origins=self._all))

    def put(self, key: ServiceKey, pointers: Mapping[str, tuple[Name, ...]], ttl: int) -> None:
        """Let this service give its addresses exactly these names, sorted."""
        for address in self._by_service.pop(key, ()):
            if address not in pointers:
                self._give(address, key, None)
        for address, targets in pointers.items():
            self._give(address, key, (key, ttl, targets))
        if pointers:
            self._by_service[key] = tuple(pointers)

    def copy(self) -> PointersKept:
        """What services give as of now, for :meth:`restore`."""
        return PointersKept(dict(self._by_address), dict(self._by_service))

    def restore(self, key: ServiceKey, given: Iterable[tuple[str, int, tuple[Name, ...]]]) -> None:
        """Know that a service gives this, whose PTR nodes stand in the tree already."""
        addresses = []
        for address, ttl, targets in given:
            self._by_address[address] = (*self._by_address.get(address, ()), (key, ttl, targets))
            addresses.append(address)
        if addresses:
            self._by_service[key] = tuple(addresses)

    def _give(self, address: str, key: ServiceKey, new: Given | None) -> None:
        """Let ``new`` be what this service gives the address."""
        given = self._by_address.get(address)
        if given is None:  # as when everything is loaded: nearly all addresses are of one service
            if new is not None:
                self._by_address[address] = (new,)
                self._compile(address, (new,))
            return
        old = next((each for each in given if each[0] == key), None)
        if old == new:
            return
        others = tuple([each for each in given if each is not old])
        given = others if new is None else (*others, new)
        if given:
            self._by_address[address] = given
        else:
            del self._by_address[address]
        self._compile(address, given)

    def _compile(self, address: str, given: Sequence[Given]) -> None:
        owner = reverse_name(address)
        origin = owner if owner in self._all else self._zone_above(parent_of(owner))
        if origin not in self._own:
            return
        # A range of one address has its only PTR at the apex, beside what stands there.
        sets = self._domain.standing(origin)[owner] if owner == origin else []
        if len(given) == 1 and len(given[0][2]) == 1 and not sets:
            _, ttl, (target,) = given[0]
            self._tree.put(owner, lone_node(self._zones[origin], RRType.PTR, ttl, target))
            return
        if given:
            targets = sorted({name for _, _, names in given for name in names})
            ttl = min([ttl for _, ttl, _ in given])
            sets.append(RRset(owner, RRType.PTR, ttl, tuple(Record(target) for target in targets)))
        if sets:
            self._tree.put(owner, compile_node(self._zones[origin], sets, self._domain.glue))
        else:
            self._tree.drop(owner)
