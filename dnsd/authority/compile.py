"""From RRsets to compiled nodes: everything a change can do, so that no query has to."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import attrgetter

from dnsd.authority.form import Answer, Form, Kind, form_of, rotations
from dnsd.authority.node import REFERRAL, WILDCARD, Node, node_of
from dnsd.authority.octets import HEADER_OCTETS, OWNER_POINTER, question_key, record_octets
from dnsd.authority.zone import Zone
from dnsd.model.message import RRType
from dnsd.model.names import Name, parent_of
from dnsd.model.rdata import TARGETED, target_of
from dnsd.model.rrset import RRset

_priority_of = attrgetter("priority")
SetsAt = Callable[[Name], Iterable[RRset]]
"""Finds the RRsets of a name, for additional sections."""


def compile_node(zone: Zone, rrsets: Iterable[RRset], sets_at: SetsAt, kind: Kind = Kind.PLAIN) -> Node:
    """The node of these RRsets, which share an owner; ``sets_at`` finds the RRsets that additional sections draw on."""
    answers = {question_key(rrset.rtype): compile_rrset(rrset, sets_at) for rrset in rrsets}
    return node_of(zone, answers, kind)


def lone_node(zone: Zone, rtype: int, ttl: int, rdata: bytes) -> Node:
    """The node of a name that owns a single record and is no one's host: two names of three."""
    return node_of_one(zone, rtype, record_octets(OWNER_POINTER, rtype, ttl, rdata))


def node_of_one(zone: Zone, rtype: int, record: bytes) -> Node:
    """The node of a name that owns this record alone, which has nothing additional."""
    return Node(zone, _form_of_one(rtype, len(record)), record)


@lru_cache(maxsize=1024)
def _form_of_one(rtype: int, octets: int) -> Form:
    return form_of(question_key(rtype), Kind.PLAIN, 1, octets)


def compile_rrset(rrset: RRset, sets_at: SetsAt) -> Answer:
    """One RRset as ready bytes, its additional section found through ``sets_at``."""
    if len(rrset.records) == 1 and rrset.rtype not in TARGETED:  # as host names and PTRs have: two names of three
        only = record_octets(OWNER_POINTER, rrset.rtype, rrset.ttl, rrset.records[0].rdata)
        return Answer(1, only)
    ranked = sorted(rrset.records, key=_priority_of)
    packed = [record_octets(OWNER_POINTER, rrset.rtype, rrset.ttl, record.rdata) for record in ranked]
    # A wildcard answers for names of any length, so nothing in its additional section may point into the question.
    additional = list(_additional(rrset, sets_at, compressed=not rrset.owner.startswith(WILDCARD)))
    turns = rotations(tuple(map(len, packed)), tuple([(record.priority, record.weight) for record in ranked]))
    return Answer(len(packed), b"".join(packed), turns, b"".join(additional), len(additional))


def compile_cut(zone: Zone, sets: Iterable[RRset], sets_at: SetsAt) -> Node:
    """The node of a delegation: its NS and glue as a referral, and its DS, which is the parent's to answer.

    Owners are written out, because the question may be for any name below the cut (RFC 1034 4.3.2 step 3b).
    """
    answers = {}
    for rrset in sets:
        if rrset.rtype == RRType.DS:
            answers[question_key(RRType.DS)] = compile_rrset(rrset, sets_at)
        elif rrset.rtype == RRType.NS:
            records = [record_octets(rrset.owner, rrset.rtype, rrset.ttl, record.rdata) for record in rrset.records]
            glue = list(_additional(rrset, sets_at, compressed=False))
            answers[REFERRAL] = Answer(len(records), b"".join(records), (), b"".join(glue), len(glue))
    return node_of(zone, answers, Kind.CUT)


def pointed(target: Name, owner: Name) -> bytes:
    """``target`` as it may stand in a reply to a question for ``owner``: what they share becomes a pointer."""
    suffixes = _suffixes(owner)
    rest = target
    while rest not in suffixes:
        if len(rest) == 1:
            return target
        rest = parent_of(rest)
    return target[: len(target) - len(rest)] + suffixes[rest]


@lru_cache(maxsize=16)
def _suffixes(owner: Name) -> dict[Name, bytes]:
    """Every name that ends a question for ``owner`` -> the pointer to it. Cached: a thousand targets have one owner."""
    suffixes = {}
    suffix = owner
    while len(suffix) > 1:
        suffixes[suffix] = struct.pack(">H", 0xC000 | HEADER_OCTETS + len(owner) - len(suffix))
        suffix = parent_of(suffix)
    return suffixes


def _additional(rrset: RRset, sets_at: SetsAt, compressed: bool = True) -> Iterator[bytes]:
    """Addresses of the names that the records point to, each once (RFC 2782, RFC 1035 3.3.9 and 3.3.11)."""
    if rrset.rtype not in TARGETED:
        return
    targets = (target_of(rrset.rtype, record.rdata) for record in rrset.records)
    for target in dict.fromkeys(target.lower() for target in targets if target is not None):
        owner = pointed(target, rrset.owner) if compressed else target
        for found in sets_at(target):
            if found.rtype in (RRType.A, RRType.AAAA):
                for record in found.records:
                    yield record_octets(owner, found.rtype, found.ttl, record.rdata)
