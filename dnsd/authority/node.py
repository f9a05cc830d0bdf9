"""Compiled nodes: what a name owns, in bytes that a reply is joined from.

Nodes are immutable and replaced whole, so the next packet sees the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dnsd.authority.form import Answer, Form, Kind, Packed, form_of, unpack_form
from dnsd.authority.octets import question_key
from dnsd.authority.zone import Zone
from dnsd.model.message import RRType

WILDCARD = b"\x01*"
REFERRAL = b""
"""Where a delegation keeps its NS RRset: under no question's key, for it answers none (RFC 2181 6.1)."""
_NOTHING = b"-"
"""The key of a node that owns nothing; no question's either."""
_CNAME = question_key(RRType.CNAME)


class Node:
    """What one name owns: an RRset, and in ``rest`` those that follow. Small, because there are many: see ``form``.

    ``records``: the answer section and, behind it, the additional one; where one ends is in ``form``. A CNAME comes
    first. A name that exists and owns nothing (RFC 8020 2) has a form of no type.
    """

    __slots__ = ("form", "records", "rest", "zone")

    def __init__(self, zone: Zone, form: Form, records: bytes, rest: Node | None = None) -> None:
        self.zone = zone
        self.form = form
        self.records = records
        self.rest = rest

    @property
    def kind(self) -> int:
        """Its :class:`Kind`."""
        return self.form.kind

    @property
    def owns(self) -> bool:
        """True when it has an RRset."""
        return self.form.key != _NOTHING

    @property
    def answer(self) -> Answer:
        """Its first RRset."""
        form, records = self.form, self.records
        section, additional = records[: form.section_octets], records[form.section_octets :]
        return Answer(form.count, section, form.rotations, additional, form.additional_count)

    @property
    def answers(self) -> dict[bytes, Answer]:
        """All its RRsets by :func:`question_key`."""
        return {node.form.key: node.answer for node in self}

    def get(self, key: bytes) -> Answer | None:
        """The RRset of this :func:`question_key`, if it has one."""
        return next((node.answer for node in self if node.form.key == key), None)

    def __iter__(self) -> Iterator[Node]:
        node: Node | None = self if self.owns else None
        while node is not None:
            yield node
            node = node.rest

    def pack(self) -> Packed:
        """As plain values; the zone is named by its origin."""
        form = self.form
        if self.rest is None and form.key != _NOTHING:  # as of nine names in ten
            return self.zone.origin, int(form.kind), ((form.pack(), self.records),)
        return self.zone.origin, int(form.kind), tuple([(each.form.pack(), each.records) for each in self])


def node_of(zone: Zone, answers: Mapping[bytes, Answer], kind: int = Kind.PLAIN) -> Node:
    """The node of these RRsets by :func:`question_key`."""
    made = None
    first = (_CNAME,) if len(answers) > 1 and _CNAME in answers else ()
    for key in reversed((*first, *(key for key in answers if key not in first))):
        answer = answers[key]
        made = Node(zone, answer.form(key, kind), answer.section + answer.additional, made)
    return made or empty_node(zone, kind)


def unpack_node(packed: Packed, zones: Mapping[bytes, Zone]) -> Node:
    """A node from plain values."""
    origin, kind, sets = packed
    zone, made = zones[origin], None
    for form, records in reversed(sets):
        made = Node(zone, unpack_form(form), records, made)
    return made or empty_node(zone, kind)


def empty_node(zone: Zone, kind: int = Kind.PLAIN) -> Node:
    """A name that exists and owns nothing (RFC 8020 2)."""
    return Node(zone, form_of(_NOTHING, kind, 0, 0), b"")
