"""Compiled nodes: what a name owns, in bytes that a reply is joined from.

Every record of a compiled RRset has the two octets ``C0 0C`` for its owner, a pointer to the question, which stands at
offset 12 of every message (RFC 1035 4.1.4). Nodes are immutable and replaced whole, so the next packet sees the change.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dnsd.model.message import RRClass

if TYPE_CHECKING:
    from dnsd.authority.zone import Zone

HEADER_OCTETS = 12
QUESTION_TAIL_OCTETS = 4
OWNER_POINTER = b"\xc0\x0c"
WILDCARD = b"\x01*"
REFERRAL = b""
"""Where a delegation keeps its NS RRset: under no question's key, for it answers none (RFC 2181 6.1)."""
COUNT_MOST = 0xFFFE
"""What a header's count can say, an OPT record left room for."""
RD = 0x0100
AA = 0x0400
QR = 0x8000
_HEAD = struct.Struct(">HHHHH")
_RECORD = struct.Struct(">HHIH")
_KEY = struct.Struct(">HH")
_IN = int(RRClass.IN)

Packed = tuple[Any, ...]
"""A node, answer or zone as plain values that ``marshal`` can carry."""


class Kind(IntEnum):
    """What a node is, besides what it owns."""

    PLAIN = 0
    SERVFAIL = 1  # a service that must not be answered, nor anything below it
    CUT = 2  # a delegation: authority ends here (RFC 1034 4.2.1)


@lru_cache(maxsize=256)
def question_key(rtype: int, rclass: int = RRClass.IN) -> bytes:
    """Type and class as the four octets that end a question; nodes are looked up by them."""
    return _KEY.pack(rtype, rclass)


@lru_cache(maxsize=4096)
def heads(answers: int, authorities: int, additionals: int, rcode: int = 0, flags: int = QR | AA) -> tuple[bytes, ...]:
    """Header octets 2 to 11 for a reply: without and with RD, then the same with one OPT record more."""
    return tuple(
        _HEAD.pack(flags | rd | rcode, 1, answers, authorities, additionals + opt) for opt in (0, 1) for rd in (0, RD)
    )


class Rotation:
    """Records of one priority: where in the section they stand, from ``starts[0]`` up to ``end``.

    ``starts[i]`` is where record i begins, ``cumulative[i]`` the sum of the weights up to and with it.
    """

    __slots__ = ("cumulative", "end", "starts")

    def __init__(self, starts: tuple[int, ...], end: int, cumulative: tuple[int, ...]) -> None:
        self.starts = starts
        self.end = end
        self.cumulative = cumulative


_RECORDS_SHARED_MOST = 16
_shared_rotation = lru_cache(maxsize=4096)(Rotation)


def rotation(starts: tuple[int, ...], end: int, cumulative: tuple[int, ...]) -> Rotation:
    """A rotation; small ones are shared, because most services have few endpoints, all of one weight."""
    make = _shared_rotation if len(starts) <= _RECORDS_SHARED_MOST else Rotation
    return make(starts, end, cumulative)


class Answer:
    """One RRset, ready. ``size``: octets of a whole reply with it and its additional section, without OPT.

    ``section`` is the records in stable order; ``rotations``, one a priority, is empty when their order cannot vary.
    """

    __slots__ = ("additional", "additional_count", "count", "heads", "rotations", "section", "size")

    def __init__(
        self,
        count: int,
        section: bytes,
        rotations: tuple[Rotation, ...],
        additional: bytes,
        additional_count: int,
        size: int,
    ) -> None:
        self.count = count
        self.section = section
        self.rotations = rotations
        self.additional = additional
        self.additional_count = additional_count
        self.size = size
        # Whatever counts more is too large for any reply: it is cut first, and counted anew.
        self.heads = heads(min(count, COUNT_MOST), 0, min(additional_count, COUNT_MOST))

    def pack(self) -> Packed:
        """As plain values."""
        rotations = tuple([(turn.starts, turn.end, turn.cumulative) for turn in self.rotations])
        return self.count, self.section, rotations, self.additional, self.additional_count, self.size

    @classmethod
    def unpack(cls, packed: Packed) -> Answer:
        """From plain values."""
        count, section, rotations, *rest = packed
        return cls(count, section, tuple([rotation(*turn) for turn in rotations]), *rest)


class Lone(Mapping[bytes, Answer]):
    """The answers of a name with a single RRset, as most have: a dict of one needs 200 octets more."""

    __slots__ = ("_answer", "_key")

    def __init__(self, key: bytes, answer: Answer) -> None:
        self._key = key
        self._answer = answer

    def get(self, key: bytes, default: Any = None) -> Any:
        """As a dict's; the hot path."""
        return self._answer if key == self._key else default

    def __getitem__(self, key: bytes) -> Answer:
        if key != self._key:
            raise KeyError(key)
        return self._answer

    def __contains__(self, key: object) -> bool:
        return key == self._key

    def __iter__(self) -> Iterator[bytes]:
        yield self._key

    def __len__(self) -> int:
        return 1


class Node:
    """What one name owns: its zone, kind and answers by :func:`question_key`. No answers: an empty non-terminal."""

    __slots__ = ("answers", "kind", "zone")

    def __init__(self, zone: Zone, answers: Mapping[bytes, Answer], kind: Kind = Kind.PLAIN) -> None:
        self.zone = zone
        self.answers = answers if len(answers) != 1 else Lone(*next(iter(answers.items())))
        self.kind = kind

    def pack(self) -> Packed:
        """As plain values; the zone is named by its origin."""
        return self.zone.origin, int(self.kind), tuple((key, answer.pack()) for key, answer in self.answers.items())


NOTHING: dict[bytes, Answer] = {}


def empty_node(zone: Zone, kind: Kind = Kind.PLAIN) -> Node:
    """A name that exists and owns nothing (RFC 8020 2)."""
    return Node(zone, NOTHING, kind)


def record_octets(owner: bytes, rtype: int, ttl: int, rdata: bytes) -> bytes:
    """One resource record (RFC 1035 4.1.3); ``owner`` is a name or a compression pointer."""
    return owner + _RECORD.pack(rtype, _IN, ttl, len(rdata)) + rdata


def records_of(section: bytes) -> Iterator[bytes]:
    """The records of a section whose owners are all pointers of two octets, one by one."""
    at = 0
    while at < len(section):
        end = at + 12 + int.from_bytes(section[at + 10 : at + 12])
        yield section[at:end]
        at = end
