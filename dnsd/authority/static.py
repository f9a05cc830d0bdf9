"""Static zones planted beside the registry's: RRsets compiled, delegations cut, glue kept (RFC 1034 4.2.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from dnsd.authority.compile import compile_cut, compile_node
from dnsd.authority.form import Kind
from dnsd.authority.node import WILDCARD, empty_node
from dnsd.authority.tree import Tree
from dnsd.authority.zone import Zone
from dnsd.model import rdata
from dnsd.model.message import RRType
from dnsd.model.names import Name, parent_of
from dnsd.model.rrset import RRset, ZoneData


def plant(zones: Sequence[ZoneData], known: dict[Name, Zone], tree: Tree) -> None:
    """Add these zones to ``known`` and their nodes to ``tree``. A name belongs to the innermost zone that holds it."""
    made = [(data, _zone_of(data)) for data in zones]
    known.update((zone.origin, zone) for _, zone in made)
    for data, zone in made:
        _plant_zone(data, zone, known, tree)
    for zone in known.values():
        _join_to_outer(zone.origin, known, tree)


def _zone_of(data: ZoneData) -> Zone:
    found = next(rrset for rrset in data.rrsets if rrset.rtype == RRType.SOA)
    return Zone(data.origin, rdata.soa_fields(found.records[0].rdata), found.ttl, follows_revision=False)


def _plant_zone(data: ZoneData, zone: Zone, known: Mapping[Name, Zone], tree: Tree) -> None:
    by_owner: dict[Name, list[RRset]] = {}
    for rrset in data.rrsets:
        if rrset.rtype != RRType.SOA:
            by_owner.setdefault(rrset.owner, []).append(rrset)
    cuts = {owner for owner, sets in by_owner.items() if owner != zone.origin and _has(sets, RRType.NS)}
    ends = cuts | {owner for owner, sets in by_owner.items() if _has(sets, RRType.DNAME)}
    inner = known.keys() - {zone.origin}
    # One that owns nothing is a wildcard too, and makes NODATA (RFC 4592 2.2.2).
    zone.has_wildcards = any(WILDCARD in owner for owner in by_owner)
    tree.put(zone.origin, empty_node(zone))

    def sets_at(name: Name) -> Iterable[RRset]:
        return by_owner.get(name, ())

    for owner, sets in by_owner.items():
        if owner not in inner and not _is_below(owner, zone.origin, ends | inner):
            tree.put(owner, compile_cut(zone, sets, sets_at) if owner in cuts else compile_node(zone, sets, sets_at))


def _has(sets: Iterable[RRset], rtype: RRType) -> bool:
    return any(rrset.rtype == rtype for rrset in sets)


def _is_below(owner: Name, origin: Name, ends: Collection[Name]) -> bool:
    """True for what a delegation, an alias for a subtree or an inner zone hides: such records are glue at most."""
    while owner != origin:
        owner = parent_of(owner)
        if owner in ends:
            return True
    return False


def _join_to_outer(origin: Name, known: Mapping[Name, Zone], tree: Tree) -> None:
    """Let the names between a zone and the zone of ours around it exist, unless that one gave them away."""
    above = origin
    while len(above) > 1:
        above = parent_of(above)
        node = tree.nodes.get(above)
        if node is not None and node.kind == Kind.CUT:
            return
        if above in known:
            tree.join(origin, known[above])
            return
