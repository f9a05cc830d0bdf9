"""Static zones planted beside the registry's: RRsets compiled, delegations cut, glue kept (RFC 1034 4.2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dnsd.authority.compile import compile_cut, compile_node
from dnsd.authority.node import WILDCARD, empty_node
from dnsd.authority.tree import Tree
from dnsd.authority.zone import Zone
from dnsd.model import rdata
from dnsd.model.message import RRType
from dnsd.model.names import Name, is_at_or_below, parent_of
from dnsd.model.rrset import RRset, ZoneData


def plant(zones: Sequence[ZoneData], known: dict[Name, Zone], tree: Tree) -> None:
    """Add these zones to ``known`` and their nodes to ``tree``."""
    made = [(data, _zone_of(data)) for data in zones]
    known.update((zone.origin, zone) for _, zone in made)
    for data, zone in made:
        _plant_zone(data, zone, tree)
    for _, zone in made:
        _join_to_parent(zone.origin, known, tree)


def _zone_of(data: ZoneData) -> Zone:
    found = next(rrset for rrset in data.rrsets if rrset.rtype == RRType.SOA)
    return Zone(data.origin, rdata.soa_fields(found.records[0].rdata), found.ttl, follows_revision=False)


def _plant_zone(data: ZoneData, zone: Zone, tree: Tree) -> None:
    by_owner: dict[Name, list[RRset]] = {}
    for rrset in data.rrsets:
        if rrset.rtype != RRType.SOA:
            by_owner.setdefault(rrset.owner, []).append(rrset)
    cuts = {owner for owner, sets in by_owner.items() if owner != zone.origin and _has(sets, RRType.NS)}
    zone.has_wildcards = any(owner.startswith(WILDCARD) for owner in by_owner)
    tree.put(zone.origin, empty_node(zone))

    def sets_at(name: Name) -> Iterable[RRset]:
        return by_owner.get(name, ())

    for owner, sets in by_owner.items():
        if not _is_below_cut(owner, zone.origin, cuts):
            tree.put(owner, compile_cut(zone, sets, sets_at) if owner in cuts else compile_node(zone, sets, sets_at))


def _has(sets: Iterable[RRset], rtype: RRType) -> bool:
    return any(rrset.rtype == rtype for rrset in sets)


def _is_below_cut(owner: Name, origin: Name, cuts: set[Name]) -> bool:
    """True for what a delegation hides: such records are glue at most."""
    while owner != origin:
        owner = parent_of(owner)
        if owner in cuts:
            return True
    return False


def _join_to_parent(origin: Name, known: Mapping[Name, Zone], tree: Tree) -> None:
    """Let the names between a zone and a zone of ours above it exist."""
    above = parent_of(origin) if len(origin) > 1 else origin
    for outer in known.values():
        if outer.origin != origin and is_at_or_below(above, outer.origin) and above not in tree.nodes:
            tree.put(above, empty_node(outer))
