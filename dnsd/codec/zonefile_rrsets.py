"""RRsets as they grow while a master file is read, and the rules that one more record can break."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from dnsd.codec.record_types import folded
from dnsd.codec.wire import type_to_text
from dnsd.model.message import RRType
from dnsd.model.names import Name, name_to_text

_ONLY_ONE = {RRType.SOA: "RFC 1035 5.2", RRType.CNAME: "RFC 2181 10.1", RRType.DNAME: "RFC 6672 2.4"}
_BESIDE_CNAME = frozenset({46, 47})  # RRSIG and NSEC (RFC 4034 3, 4)


class Place(NamedTuple):
    """Where something stands: the file's path and the line, from 1."""

    path: str
    line: int


@dataclass(slots=True)
class Gathered:
    """An RRset so far: ``rdatas`` by their folded form, in the order of the file; ``place`` is that of the first."""

    owner: Name
    rtype: int
    ttl: int
    place: Place
    rdatas: dict[bytes, bytes] = field(default_factory=dict)


class Gathering:
    """All RRsets of a zone by (folded owner, type), and what is odd about them without being wrong."""

    def __init__(self) -> None:
        self.rrsets: dict[tuple[Name, int], Gathered] = {}
        self.warnings: list[tuple[Place, str]] = []
        self._types: dict[Name, set[int]] = {}

    def add(self, owner: Name, rtype: int, ttl: int, rdata: bytes, place: Place) -> None:
        """Take one more record; a duplicate vanishes. ValueError when it cannot stand beside those before it."""
        owner = owner.lower()
        rrset = self.rrsets.get((owner, rtype))
        if rrset is None:
            self._check_alias(owner, rtype)
            rrset = self.rrsets[owner, rtype] = Gathered(owner, rtype, ttl, place)
            self._types.setdefault(owner, set()).add(rtype)
        identity = folded(rtype, rdata)
        if identity not in rrset.rdatas:
            if rtype in _ONLY_ONE and rrset.rdatas:
                what = (
                    f"a second {type_to_text(rtype)} at {name_to_text(owner)}; the first is in line {rrset.place.line}"
                )
                raise ValueError(f"{what} ({_ONLY_ONE[RRType(rtype)]})")
            rrset.rdatas[identity] = rdata
        self._settle_ttl(rrset, ttl, place)

    def _check_alias(self, owner: Name, rtype: int) -> None:
        """An alias stands alone (RFC 1034 3.6.2)."""
        types = self._types.get(owner, set()) - _BESIDE_CNAME | {rtype}
        others = sorted(types - {RRType.CNAME})
        if rtype in _BESIDE_CNAME or RRType.CNAME not in types or not others:
            return
        beside = type_to_text(others[0])
        raise ValueError(f"CNAME and {beside} at {name_to_text(owner)}: an alias has no other data (RFC 1034 3.6.2)")

    def _settle_ttl(self, rrset: Gathered, ttl: int, place: Place) -> None:
        """One TTL for all records of an RRset (RFC 2181 5.2): the lowest."""
        if ttl == rrset.ttl:
            return
        what = f"TTL {ttl} differs from {rrset.ttl} of the other {type_to_text(rrset.rtype)} records"
        rrset.ttl = min(ttl, rrset.ttl)
        here = f"{what} at {name_to_text(rrset.owner)}; the lower one holds for all (RFC 2181 5.2)"
        self.warnings.append((place, here))
