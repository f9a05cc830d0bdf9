"""From a question to the sections of its reply, aliases followed: CNAME (RFC 1034 3.6.2) and DNAME (RFC 6672).

Each alias stands before what it points to. A record behind an alias has for its owner a pointer to the alias's RDATA.
"""

from __future__ import annotations

import struct

from dnsd.answer import lookup
from dnsd.answer.draft import Draft
from dnsd.answer.order import ordered
from dnsd.answer.scan import POINTER
from dnsd.authority.form import Answer
from dnsd.authority.node import Node
from dnsd.authority.octets import question_key, record_octets, records_of
from dnsd.model.message import ExtendedError, Rcode, RRType
from dnsd.model.names import NAME_OCTETS_MAX, ROOT, Name

CNAME_KEY = question_key(RRType.CNAME)
DS_KEY = question_key(RRType.DS)
SOA_KEY = question_key(RRType.SOA)
ANY_KEY = question_key(RRType.ANY)
HOPS_MOST = 16
_QUESTION_OFFSET = 12
_RECORD_HEAD_OCTETS = 12
_TTL = slice(6, 10)


def follow(nodes: dict[Name, Node], owner: Name, key: bytes, chance: int) -> Draft | None:
    """The draft for a question of class IN; None when the name is in no zone of ours.

    A circle of aliases ends where it closes, with what was found so far (RFC 1034 3.6.2 leaves it to the asker).
    """
    return _chased(Draft(), nodes, owner, key, chance, _QUESTION_OFFSET, _QUESTION_OFFSET + len(owner) + 4)


def follow_alias(nodes: dict[Name, Node], owner: Name, target: Name, ttl: int, key: bytes, chance: int) -> Draft:
    """The draft that begins with a CNAME from ``owner`` to ``target``, as no node has it."""
    alias = record_octets(pointer(_QUESTION_OFFSET), RRType.CNAME, ttl, target)
    draft = Draft()
    draft.add(1, alias, alias)
    if key == CNAME_KEY:
        return draft
    end = _QUESTION_OFFSET + len(owner) + 4
    return _chased(draft, nodes, target, key, chance, end + _RECORD_HEAD_OCTETS, end) or draft


def follow_on(
    draft: Draft, nodes: dict[Name, Node], owner: Name, key: bytes, chance: int, offset: int, end: int
) -> Draft:
    """The same draft, gone on with from ``owner``, a name of ours to which its last alias, at ``offset``, leads.

    ``end``: where the answer section begins.
    """
    return _chased(draft, nodes, owner, key, chance, offset, end) or draft


def _chased(
    draft: Draft, nodes: dict[Name, Node], owner: Name, key: bytes, chance: int, offset: int, end: int
) -> Draft | None:
    """Follow aliases from ``owner``, which stands at ``offset``; ``end``: where the answer section begins."""
    seen: set[Name] = set()
    while owner not in seen and len(seen) < HOPS_MOST:
        seen.add(owner)
        alias = _take(draft, nodes, owner, key, chance, offset)
        if alias is None:
            return None if draft.rcode == Rcode.REFUSED else draft
        offset, owner = end + len(draft.stable) - len(alias), alias.lower()
    return draft


def _take(draft: Draft, nodes: dict[Name, Node], owner: Name, key: bytes, chance: int, offset: int) -> Name | None:
    """Add what ``owner``, standing at ``offset`` of the reply, has for the question; returns where an alias leads."""
    place = lookup.place(nodes, owner)
    if isinstance(place, lookup.Hit):
        return _take_node(draft, place.node, owner, key, chance, offset)
    if isinstance(place, lookup.NoName):
        draft.deny(place.zone, Rcode.NXDOMAIN)
    elif isinstance(place, lookup.Below):
        return _take_subtree_alias(draft, place, owner, key, offset)
    elif isinstance(place, lookup.Referral):
        if key == DS_KEY and owner in nodes:
            # The delegation's DS is the parent's to answer, its absence too (RFC 4035 3.1.4.1).
            return _take_node(draft, nodes[owner], owner, key, chance, offset)
        _refer(draft, place.answer)
    elif isinstance(place, lookup.Failed):
        draft.rcode = Rcode.SERVFAIL
        draft.is_authoritative = bool(draft.answer_count)
    elif draft.answer_count:
        draft.outside = owner
    else:
        draft.rcode = Rcode.REFUSED
    return None


def _take_node(draft: Draft, node: Node, owner: Name, key: bytes, chance: int, offset: int) -> Name | None:
    answer = _answer_of(node, owner, key)
    if answer is not None:
        _add(draft, answer, owner, chance, offset)
        return None
    alias = node.get(CNAME_KEY)
    if alias is None:
        draft.deny(node.zone)
        return None
    _add(draft, alias, owner, chance, offset)
    return alias.section[_RECORD_HEAD_OCTETS:]


def _answer_of(node: Node, owner: Name, key: bytes) -> Answer | None:
    """The RRset asked for; for ANY the first there is (RFC 8482 4.1)."""
    if key == SOA_KEY and owner == node.zone.origin:
        return node.zone.soa_answer
    if key == ANY_KEY:
        return node.answer if node.owns else None
    return node.get(key)


def _add(draft: Draft, answer: Answer, owner: Name, chance: int, offset: int) -> None:
    draft.additional, draft.additional_count = answer.additional, answer.additional_count
    if offset == _QUESTION_OFFSET:
        draft.add(answer.count, ordered(answer, chance), answer.section)
    else:
        draft.add(answer.count, _moved(ordered(answer, chance), offset), _moved(answer.section, offset))
        draft.additional = _spelled(answer.additional, owner)


def _moved(section: bytes, offset: int) -> bytes:
    """The same records, their owner the name at ``offset``."""
    owner = pointer(offset)
    return b"".join(owner + record[2:] for record in records_of(section))


def _spelled(additional: bytes, owner: Name) -> bytes:
    """The same records, their owners written out where they point into a question for ``owner``."""
    spelled: list[bytes] = []
    at = 0
    while at < len(additional):
        end = at
        while 0 < additional[end] < POINTER:
            end += 1 + additional[end]
        pointed = int.from_bytes(additional[end : end + 2]) - (POINTER << 8)
        rest = end + 2 if pointed >= 0 else end + 1
        name = additional[at:end] + (owner[pointed - _QUESTION_OFFSET :] if pointed >= 0 else ROOT)
        at = rest + 10 + int.from_bytes(additional[rest + 8 : rest + 10])
        spelled += (name, additional[rest:at])
    return b"".join(spelled)


def pointer(offset: int) -> bytes:
    """A compression pointer to this place of the reply (RFC 1035 4.1.4)."""
    return struct.pack(">H", POINTER << 8 | offset)


def _take_subtree_alias(draft: Draft, place: lookup.Below, owner: Name, key: bytes, offset: int) -> Name | None:
    """The DNAME, and the CNAME that it makes for this name (RFC 6672 3.1); too long a name: YXDOMAIN.

    Returns where that leads; who asked for the CNAME has it (RFC 1034 3.6.2).
    """
    record = place.node.answers[lookup.DNAME_KEY].section
    above = len(owner) - len(place.owner)
    target = owner[:above] + record[_RECORD_HEAD_OCTETS:]
    draft.add(1, pointer(offset + above) + record[2:], pointer(offset + above) + record[2:])
    if len(target) > NAME_OCTETS_MAX:
        draft.rcode = Rcode.YXDOMAIN
        return None
    alias = record_octets(pointer(offset), RRType.CNAME, int.from_bytes(record[_TTL]), target)
    draft.add(1, alias, alias)
    return None if key == CNAME_KEY else target


def _refer(draft: Draft, answer: Answer) -> None:
    """Name the servers that know (RFC 1034 4.3.2 step 3b); behind an alias of ours the answer stays ours."""
    draft.is_authoritative = bool(draft.answer_count)
    draft.authority, draft.authority_count = answer.section, answer.count
    draft.additional, draft.additional_count = answer.additional, answer.additional_count
    draft.is_glue = True


def not_ours() -> Draft:
    """The reply for a name in no zone of ours (RFC 8914 4.21)."""
    return Draft(Rcode.REFUSED, is_authoritative=False, reason=ExtendedError.NOT_AUTHORITATIVE)
