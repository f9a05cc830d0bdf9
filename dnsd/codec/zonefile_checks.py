"""What must hold for a zone as a whole, and what is odd about one, told with the place where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dnsd.codec.record_types import names_in
from dnsd.codec.wire import type_to_text
from dnsd.codec.zonefile_rrsets import Gathered, Place
from dnsd.model.message import RRType
from dnsd.model.names import ROOT, Name, is_at_or_below, labels_of, name_to_text, parent_of

_ADDRESSES = (RRType.A, RRType.AAAA)
_POINTING = (RRType.NS, RRType.MX, RRType.SRV)
_WILDCARD = b"\x01*"
_AT_CUT = frozenset({RRType.NS, RRType.DS})
_CHAIN_MOST = 16

RRsets = Mapping[tuple[Name, int], Gathered]
Finding = tuple[Place, str]


def apex_of(rrsets: RRsets, origin: Name | None, path: str) -> tuple[Name | None, list[Finding]]:
    """The zone's name and what is wrong with its SOA: exactly one, at ``origin`` when there is one (RFC 1035 5.2)."""
    soas = [rrset for (_, rtype), rrset in rrsets.items() if rtype == RRType.SOA]
    if not soas:
        return origin, [(Place(path, 1), "no SOA record: a zone has exactly one, at its apex (RFC 1035 5.2)")]
    apex = soas[0].owner if origin is None else origin.lower()
    wrong = [
        (soa.place, f"SOA at {name_to_text(soa.owner)}, but the zone is {name_to_text(apex)}")
        for soa in soas
        if soa.owner != apex
    ]
    return apex, wrong


class ZoneChecks:
    """The rules for all records together. ``faults`` and ``warnings`` are iterated once, in the order of the file."""

    def __init__(self, rrsets: RRsets, apex: Name) -> None:
        self._rrsets = rrsets
        self._apex = apex
        self._inside = {key: rrset for key, rrset in rrsets.items() if is_at_or_below(rrset.owner, apex)}
        self._names = {name for owner, _ in self._inside for name in self._up_to_apex(owner)}

    def faults(self) -> Iterator[Finding]:
        """What no server would load."""
        if (self._apex, RRType.NS) not in self._rrsets:
            soa = self._rrsets[self._apex, RRType.SOA]
            yield soa.place, f"no NS record at the apex {name_to_text(self._apex)} (RFC 1035 5.2)"
        renamed = {owner for owner, rtype in self._inside if rtype == RRType.DNAME}
        for key, rrset in self._rrsets.items():
            owner = name_to_text(rrset.owner)
            if key not in self._inside:
                yield rrset.place, f"{owner} is outside the zone {name_to_text(self._apex)}"
            elif renamed and (above := self._first_above(rrset.owner, renamed)):
                yield rrset.place, f"{owner} lies below the DNAME of {name_to_text(above)} (RFC 6672 2.4)"

    def warnings(self) -> Iterator[Finding]:
        """What a server loads, but hardly what was meant."""
        cuts = {owner for owner, rtype in self._inside if rtype == RRType.NS} - {self._apex}
        for rrset in self._inside.values():
            if cuts and (hidden := self._hidden(rrset, cuts)):
                yield rrset.place, hidden
            elif rrset.rtype in _POINTING or rrset.rtype == RRType.CNAME:
                for rdata in rrset.rdatas.values():
                    target = names_in(rrset.rtype, rdata)[0].lower()
                    if what := self._odd_target(rrset, target, cuts):
                        yield rrset.place, f"{type_to_text(rrset.rtype)} target {name_to_text(target)} {what}"

    def _hidden(self, rrset: Gathered, cuts: set[Name]) -> str:
        """What stands at or below a delegation is not ours to answer, but for glue (RFC 1034 4.2.1)."""
        cut = self._first_above(rrset.owner, cuts)
        is_glue = cut is not None and rrset.rtype in _ADDRESSES
        if rrset.owner in cuts and rrset.rtype not in _AT_CUT and not is_glue:
            cut = rrset.owner
        if cut is None or is_glue:
            return ""
        shown = f"{type_to_text(rrset.rtype)} of {name_to_text(rrset.owner)}"
        return f"{shown} is never answered: {name_to_text(cut)} is delegated"

    def _odd_target(self, rrset: Gathered, target: Name, cuts: set[Name]) -> str:
        if target == ROOT or not is_at_or_below(target, self._apex):
            return ""
        is_cut_off = target in cuts or self._first_above(target, cuts) is not None
        if is_cut_off and rrset.rtype != RRType.NS:
            return ""
        source = target if target in self._names else self._wildcard_for(target)
        if rrset.rtype == RRType.CNAME:
            return self._odd_alias(rrset.owner, target, source)
        if (source, RRType.CNAME) in self._inside:
            return "is an alias; it must be a name with addresses (RFC 2181 10.3)"
        if any((source, rtype) in self._inside for rtype in _ADDRESSES):
            return ""
        return f"has no address in this zone{self._forgotten_dot(target)}"

    def _odd_alias(self, owner: Name, target: Name, source: Name | None) -> str:
        if source is None:
            return f"is not in this zone{self._forgotten_dot(target)}"
        seen = {owner}
        while source is not None and (alias := self._inside.get((source, RRType.CNAME))) and len(seen) < _CHAIN_MOST:
            if source in seen:
                return "leads back to itself"
            seen.add(source)
            following = names_in(RRType.CNAME, next(iter(alias.rdatas.values())))[0].lower()
            source = following if following in self._names else self._wildcard_for(following)
        return ""

    def _forgotten_dot(self, target: Name) -> str:
        """``www.example.org`` without its final dot becomes ``www.example.org.example.org.``."""
        doubled = b"".join(bytes((len(label),)) + label for label in labels_of(self._apex)) + self._apex
        return "; is its final dot missing?" if target.endswith(doubled) and self._apex != ROOT else ""

    def _wildcard_for(self, name: Name) -> Name | None:
        """The wildcard that answers for a name that is not there (RFC 4592 3.3.1), if any."""
        if not is_at_or_below(name, self._apex):
            return None
        while name not in self._names:
            name = parent_of(name)
        wildcard = _WILDCARD + name
        return wildcard if wildcard in self._names else None

    def _first_above(self, name: Name, among: set[Name]) -> Name | None:
        """The nearest of ``among`` strictly above ``name`` and inside the zone."""
        while name != self._apex:
            name = parent_of(name)
            if name in among:
                return name
        return None

    def _up_to_apex(self, name: Name) -> Iterator[Name]:
        yield name
        while name != self._apex:
            name = parent_of(name)
            yield name
