"""What a readable query may be refused for before anything is looked up: one check, one answer."""

from __future__ import annotations

from dnsd.answer.draft import Draft, refusal
from dnsd.answer.scan import Query
from dnsd.answer.terms import Terms
from dnsd.model import rdata
from dnsd.model.message import ExtendedError, Opcode, Rcode, RRClass, RRType
from dnsd.model.names import name_from_text

TRANSFERS = frozenset({RRType.AXFR, RRType.IXFR})
VERSION_NAMES = frozenset({name_from_text("version.bind"), name_from_text("version.server")})
IDENTITY_NAMES = frozenset({name_from_text("id.server"), name_from_text("hostname.bind")})
_CHAOS_TTL = b"\0\0\0\0"


def prohibited(peer: bytes, terms: Terms) -> Draft | None:
    """The draft for somebody who may not ask here at all (RFC 8914 4.19), or None for all others."""
    if terms.access.may_ask(peer):
        return None
    return Draft(Rcode.REFUSED, is_authoritative=False, reason=ExtendedError.PROHIBITED)


def refused(query: Query, opcode: int, is_loaded: bool, terms: Terms) -> Draft | None:
    """The draft that refuses this query, or None when it may be looked up."""
    if opcode != Opcode.QUERY:
        return Draft(Rcode.NOTIMP, is_authoritative=False, opcode=opcode)
    if query.edns and query.edns.version:
        return refusal(Rcode.BADVERS)
    if query.qclass == RRClass.CH:
        told = _chaos(query, terms)
        if told is not None:
            return told
    if not is_loaded:
        return Draft(Rcode.SERVFAIL, is_authoritative=False, reason=ExtendedError.NOT_READY)
    if query.qclass != RRClass.IN or (query.qtype in TRANSFERS and not terms.transfer_to):
        return refusal(Rcode.REFUSED)
    return None


def _chaos(query: Query, terms: Terms) -> Draft | None:
    """What the server tells of itself, when it is told to (RFC 4892)."""
    told = terms.version if query.owner in VERSION_NAMES else terms.identity if query.owner in IDENTITY_NAMES else ""
    if not told or query.qtype not in (RRType.TXT, RRType.ANY):
        return None
    text = rdata.txt(told.encode()[: rdata.STRING_OCTETS_MAX])
    head = b"\xc0\x0c" + RRType.TXT.to_bytes(2) + RRClass.CH.to_bytes(2) + _CHAOS_TTL
    record = head + len(text).to_bytes(2) + text
    return Draft(answers=record, stable=record, answer_count=1)
