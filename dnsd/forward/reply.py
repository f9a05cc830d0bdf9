"""An upstream's reply read: the name that was asked and its chain of aliases are taken, everything else is left.

Invariant: no record is learnt but of the question's name, of what its aliases lead to, and the proof of absence.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.names import MalformedReply, rdata_of, read_name
from dnsd.model.message import Rcode, Record, Resolved, RRClass, RRType, Wanted
from dnsd.model.names import Name, is_at_or_below

TTL_MOST = 86_400
NEGATIVE_TTL_MOST = 10_800
"""RFC 2308 5: one to three hours are sensible."""
HOPS_MOST = 16
_HEADER_OCTETS = 12
_COUNTS = struct.Struct(">HHH")
_FIXED = struct.Struct(">HHIH")
_RRSIG, _NSEC, _NSEC3 = 46, 47, 50
_PROOFS = (_RRSIG, _NSEC, _NSEC3)
_AA, _RA = 0x04, 0x80
_OUTCOMES: dict[int, str] = {
    Rcode.SERVFAIL: "servfail",
    Rcode.REFUSED: "refused",
    Rcode.FORMERR: "formerr",
    Rcode.NOTIMP: "notimp",
}


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a reply taught. ``ttl``: for how many seconds it may be kept, 0 for not at all.

    ``unfinished``: the alias target that the reply says nothing of; it has to be asked for.
    """

    resolved: Resolved
    ttl: int
    unfinished: Name = b""


def read_reply(packet: bytes, wanted: Wanted) -> Learnt:
    """What a response to our question says. Raises UpstreamFailed for what is no answer."""
    try:
        answers, authority, extended = _sections(packet, _HEADER_OCTETS + len(wanted.owner) + len(wanted.key))
    except (MalformedReply, struct.error):
        raise UpstreamFailed("malformed") from None
    rcode = packet[3] & 15 | extended << 4
    if rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN):
        raise UpstreamFailed(_OUTCOMES.get(rcode, "other"))
    if not packet[2] & _AA and (not packet[3] & _RA or _is_referral(answers, authority)):
        # It does not do for us what it was named for.
        raise UpstreamFailed("lame")
    return _learnt(Rcode(rcode), wanted, answers, authority)


def _is_referral(answers: Sequence[Record], authority: Sequence[Record]) -> bool:
    """True where others are named instead of an answer (RFC 2308 2.2.1)."""
    return not answers and {RRType.NS} == {each.rtype for each in authority} & {RRType.NS, RRType.SOA}


def _sections(packet: bytes, at: int) -> tuple[list[Record], list[Record], int]:
    """Answer and authority records of class IN, and the upper bits of the response code."""
    sections: list[list[Record]] = []
    extended = 0
    for count in _COUNTS.unpack_from(packet, 6):
        section: list[Record] = []
        for _ in range(count):
            owner, at = read_name(packet, at)
            rtype, rclass, ttl, length = _FIXED.unpack_from(packet, at)
            start, at = at + _FIXED.size, at + _FIXED.size + length
            if at > len(packet):
                raise MalformedReply("RDATA cut short")
            if rtype == RRType.OPT:
                extended = ttl >> 24
            elif rclass == RRClass.IN and len(sections) < 2:
                section.append(Record(owner.lower(), rtype, _ttl(ttl), rdata_of(packet, rtype, start, at)))
        sections.append(section)
    return sections[0], sections[1], extended


def _ttl(ttl: int) -> int:
    """A TTL with its highest bit set is none (RFC 2181 8)."""
    return 0 if ttl >> 31 else min(ttl, TTL_MOST)


def _learnt(rcode: Rcode, wanted: Wanted, answers: Sequence[Record], authority: Sequence[Record]) -> Learnt:
    taken, name, is_whole = _chain(wanted, answers)
    if is_whole:
        proof = tuple(each for each in authority if each.rtype in _PROOFS) if wanted.is_do else ()
        return Learnt(Resolved(Rcode.NOERROR, taken, proof), min(each.ttl for each in taken))
    soa = next((each for each in authority if each.rtype == RRType.SOA and is_at_or_below(name, each.owner)), None)
    if soa is None:
        if taken and rcode == Rcode.NOERROR:
            return Learnt(Resolved(rcode, taken), min(each.ttl for each in taken), name)
        # Nobody says for how long it is not there: told, not kept (RFC 2308 5).
        return Learnt(Resolved(rcode, taken), 0)
    ttl = min(soa.ttl, int.from_bytes(soa.rdata[-4:]), NEGATIVE_TTL_MOST)
    denial = [replace(soa, ttl=ttl)]
    if wanted.is_do:
        below = (each for each in authority if each.rtype in _PROOFS and is_at_or_below(each.owner, soa.owner))
        denial += [replace(each, ttl=min(each.ttl, ttl)) for each in below]
    return Learnt(Resolved(rcode, taken, tuple(denial)), min([ttl, *(each.ttl for each in taken)]))


def _chain(wanted: Wanted, answers: Sequence[Record]) -> tuple[tuple[Record, ...], Name, bool]:
    """The records that answer, aliases first; the name that the last alias leads to; True when it has an answer."""
    rtype = int.from_bytes(wanted.key[:2])
    taken: list[Record] = []
    name, seen = wanted.owner, set[Name]()
    while name not in seen and len(seen) < HOPS_MOST:
        seen.add(name)
        here = [each for each in answers if each.owner == name]
        found = [each for each in here if rtype in (each.rtype, RRType.ANY)]
        if found:
            taken += _set_of(found, here, rtype, wanted.is_do)
            return tuple(taken), name, True
        alias = next((each for each in here if each.rtype == RRType.CNAME), None)
        if alias is None:
            return tuple(taken), name, False
        taken += _set_of([alias], here, RRType.CNAME, wanted.is_do)
        name = alias.rdata.lower()
    raise UpstreamFailed("circle")


def _set_of(found: list[Record], here: list[Record], rtype: int, is_do: bool) -> Iterator[Record]:
    """The RRset with one TTL, the least (RFC 2181 5.2), each record once, and its signatures for who wants them."""
    ttl = min(each.ttl for each in found)
    if is_do and rtype != RRType.ANY:
        found = found + [each for each in here if each.rtype == _RRSIG and int.from_bytes(each.rdata[:2]) == rtype]
    yield from dict.fromkeys(replace(each, ttl=min(each.ttl, ttl)) for each in found)
