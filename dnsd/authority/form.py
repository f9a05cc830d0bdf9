"""Forms: all of an answer that is not its records. Answers of one make share one, which stays in the CPU's cache.

A node that is asked has to be fetched from memory, line by line; ten thousand services of three endpoints have one
form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import accumulate, groupby, pairwise
from math import gcd
from operator import itemgetter
from typing import Any

from dnsd.authority.octets import heads

COUNT_MOST = 0xFFFE
"""What a header's count can say, an OPT record left room for."""
DRAWS_MOST = 64
_FORMS_MOST = 4096
_RECORDS_SHARED_MOST = 16

Rank = tuple[int, int]
"""Priority and weight of a record."""
Packed = tuple[Any, ...]
"""A form, node or zone as plain values that ``marshal`` can carry."""


class Kind(IntEnum):
    """What a node is, besides what it owns."""

    PLAIN = 0
    SERVFAIL = 1  # a service that must not be answered, nor anything below it
    CUT = 2  # a delegation: authority ends here (RFC 1034 4.2.1)


class Rotation:
    """Records of one priority: where in the section they stand, from ``starts[0]`` up to ``end``.

    ``starts[i]`` is where record i begins, ``cumulative[i]`` the sum of the weights up to and with it. ``draws``: its
    start as often as each record's weight says, where few do; empty for weights without a common measure.
    """

    __slots__ = ("cumulative", "draws", "end", "starts")

    def __init__(self, starts: tuple[int, ...], end: int, cumulative: tuple[int, ...]) -> None:
        self.starts = starts
        self.end = end
        self.cumulative = cumulative
        self.draws = _draws(starts, cumulative)


_shared_rotation = lru_cache(maxsize=_FORMS_MOST)(Rotation)


def rotation(starts: tuple[int, ...], end: int, cumulative: tuple[int, ...]) -> Rotation:
    """A rotation; small ones are shared, because most services have few endpoints, all of one weight."""
    make = _shared_rotation if len(starts) <= _RECORDS_SHARED_MOST else Rotation
    return make(starts, end, cumulative)


def rotations(octets: tuple[int, ...], ranks: tuple[Rank, ...]) -> tuple[Rotation, ...]:
    """One rotation a priority, or none when there is but one record: of records so long, in the order of priorities."""
    if len(octets) < 2:
        return ()
    make = _shared_rotations if len(octets) <= _RECORDS_SHARED_MOST else _new_rotations
    return make(octets, ranks)


def _new_rotations(octets: tuple[int, ...], ranks: tuple[Rank, ...]) -> tuple[Rotation, ...]:
    bounds = tuple(accumulate(octets, initial=0))
    turns, at = [], 0
    for _, group in groupby(ranks, key=itemgetter(0)):
        cumulative = tuple(accumulate([weight for _, weight in group]))
        after = at + len(cumulative)
        turns.append(rotation(bounds[at:after], bounds[after], cumulative))
        at = after
    return tuple(turns)


_shared_rotations = lru_cache(maxsize=_FORMS_MOST)(_new_rotations)


class Form:
    """The form of one RRset's answer. ``key``: its type and class; ``kind``: its node's.

    ``section_octets`` and ``additional_octets``: how long its two sections are; ``octets``: both. ``heads`` go before
    both, ``bare_heads`` before the first alone. ``rotations``, one a priority, is empty when the order cannot vary.
    ``draws`` are those of its rotation, when there is just one.
    """

    __slots__ = (
        "_packed",
        "additional_count",
        "additional_octets",
        "bare_heads",
        "count",
        "draws",
        "heads",
        "key",
        "kind",
        "octets",
        "rotations",
        "section_octets",
    )

    def __init__(
        self,
        key: bytes,
        kind: int,
        count: int,
        section_octets: int,
        rotations: tuple[Rotation, ...],
        additional_count: int,
        additional_octets: int,
    ) -> None:
        self.key = key
        self.kind = kind
        self.count = count
        self.section_octets = section_octets
        self.rotations = rotations
        self.additional_count = additional_count
        self.additional_octets = additional_octets
        self.octets = section_octets + additional_octets
        # Whatever counts more is too large for any reply: it is cut first, and counted anew.
        self.bare_heads = heads(min(count, COUNT_MOST), 0, 0)
        self.heads = heads(min(count, COUNT_MOST), 0, min(additional_count, COUNT_MOST))
        self.draws = rotations[0].draws if len(rotations) == 1 else ()
        self._packed: Packed | None = None

    def pack(self) -> Packed:
        """As plain values, the same object every time: a message then holds it once, however many nodes share it."""
        if self._packed is None:
            rotations = tuple([(turn.starts, turn.end, turn.cumulative) for turn in self.rotations])
            counts = self.count, self.section_octets, rotations, self.additional_count, self.additional_octets
            self._packed = self.key, int(self.kind), *counts
        return self._packed


_shared_form = lru_cache(maxsize=_FORMS_MOST)(Form)


def form_of(
    key: bytes,
    kind: int,
    count: int,
    section_octets: int,
    rotations: tuple[Rotation, ...] = (),
    additional_count: int = 0,
    additional_octets: int = 0,
) -> Form:
    """A form; those of few records are shared."""
    make = _shared_form if count <= _RECORDS_SHARED_MOST else Form
    return make(key, kind, count, section_octets, rotations, additional_count, additional_octets)


@lru_cache(maxsize=_FORMS_MOST)
def unpack_form(packed: Packed) -> Form:
    """A form from plain values."""
    key, kind, count, section_octets, rotations, *additional = packed
    return form_of(key, kind, count, section_octets, tuple([rotation(*turn) for turn in rotations]), *additional)


@dataclass(slots=True)
class Answer:
    """One RRset, ready: ``section`` is its records in stable order, ``rotations`` as in a :class:`Form`.

    Nobody changes one. It is not frozen, because that makes it four times as dear to make.
    """

    count: int
    section: bytes
    rotations: tuple[Rotation, ...] = ()
    additional: bytes = b""
    additional_count: int = 0

    def form(self, key: bytes, kind: int) -> Form:
        """What it shares with others of its make."""
        extra = self.additional_count, len(self.additional)
        return form_of(key, kind, self.count, len(self.section), self.rotations, *extra)


def _draws(starts: Sequence[int], cumulative: Sequence[int]) -> tuple[int, ...]:
    weights = [after - before for before, after in pairwise((0, *cumulative))]
    unit = gcd(*weights)
    if cumulative[-1] > unit * DRAWS_MOST:
        return ()
    return tuple([start for start, weight in zip(starts, weights, strict=True) for _ in range(weight // unit)])
