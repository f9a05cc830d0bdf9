"""Names that are not ours, for clients that may have them asked for elsewhere: what to ask, and the reply it makes.

DO and CD go up as the client has them, so a validating client can check for itself; AD never comes back, because dnsd
has not checked anything (RFC 4035 3.2.3), and RA is the door's to set.
"""

from __future__ import annotations

from dnsd.answer import lookup
from dnsd.answer.draft import Draft
from dnsd.answer.follow import follow_on, pointer
from dnsd.answer.scan import HEADER_OCTETS, Query
from dnsd.answer.terms import Terms
from dnsd.authority.node import Node
from dnsd.authority.octets import record_octets
from dnsd.authority.reverse import nearest_origin
from dnsd.model.message import ExtendedError, Rcode, Resolved, RRType, Wanted
from dnsd.model.names import Name

RA = 0x80
_CD = 0x10
_META_TYPES = range(128, 255)
"""Types that are no data (RFC 6895 3.1) and mean nothing to an upstream; ANY, the last, does."""
_POINTABLE = 0x3FFF


def is_offered(peer: bytes, terms: Terms) -> bool:
    """True when names of others are asked for on behalf of ``peer``: then its replies say so (RA, RFC 1035 4.1.1)."""
    return terms.forwarding is not None and terms.access.may_forward(peer)


def offering(reply: bytes) -> bytes:
    """The same reply with RA set."""
    return reply[:3] + bytes((reply[3] | RA,)) + reply[4:]


def wanted(query: Query, packet: bytes, peer: bytes, draft: Draft | None, terms: Terms) -> Wanted | None:
    """What an upstream has to be asked for this query, whose ``draft`` our own table made; None when nothing."""
    if terms.forwarding is None or not query.is_rd or query.qtype in _META_TYPES or query.qtype == RRType.OPT:
        return None
    owner = _owner_elsewhere(query, draft, terms.forwarding)
    if owner is None or not terms.access.may_forward(peer):
        return None
    return Wanted(owner, query.key, query.edns is not None and query.edns.is_do, bool(packet[3] & _CD))


def not_for_you(query: Query, peer: bytes, terms: Terms) -> Draft | None:
    """The refusal for who may not have others asked, where there are upstreams (RFC 8914 4.19)."""
    if terms.forwarding is None or not query.is_rd or terms.access.may_forward(peer):
        return None
    return Draft(Rcode.REFUSED, is_authoritative=False, reason=ExtendedError.PROHIBITED)


def _owner_elsewhere(query: Query, draft: Draft | None, reverse: frozenset[Name]) -> Name | None:
    if draft is None:
        return query.owner
    if draft.outside:
        return draft.outside
    if draft.rcode == Rcode.NXDOMAIN and not draft.answer_count and nearest_origin(query.owner, reverse) is not None:
        # A range of ours whose other addresses are known elsewhere (an upstream is named for it).
        return query.owner
    return None


def completed(draft: Draft | None, query: Query, nodes: dict[Name, Node], resolved: Resolved, chance: int) -> Draft:
    """The draft of the reply: our own aliases, if ``draft`` has any, then what an upstream said of their target.

    What it says about names in our zones is not believed: those are answered from ``nodes``.
    """
    begin = HEADER_OCTETS + len(query.question)
    if draft is None or not draft.outside:
        draft, owner, offset = Draft(is_authoritative=False), query.owner, HEADER_OCTETS
    else:
        owner, offset = draft.outside, begin + len(draft.stable) - len(draft.outside)
    draft.rcode, draft.reason, draft.text = resolved.rcode, resolved.reason, resolved.text
    places = {owner: offset}
    for record in resolved.answers:
        written = record_octets(pointer(places[record.owner]), record.rtype, record.ttl, record.rdata)
        draft.add(1, written, written)
        if record.rtype == RRType.CNAME and query.qtype not in (RRType.CNAME, RRType.ANY):
            target = record.rdata.lower()
            places[target] = begin + len(draft.stable) - len(target)
            if is_ours(nodes, target):
                draft.rcode = Rcode.NOERROR
                return follow_on(draft, nodes, target, query.key, chance, places[target], begin)
            if places[target] > _POINTABLE:
                draft.rcode = Rcode.SERVFAIL
                return draft
    for record in resolved.authority:
        draft.authority += record_octets(record.owner, record.rtype, record.ttl, record.rdata)
        draft.authority_count += 1
    return draft


def is_ours(nodes: dict[Name, Node], name: Name) -> bool:
    """True for a name in one of our zones (folded), whether it is there or not."""
    return not isinstance(lookup.place(nodes, name), lookup.NotOurs)
