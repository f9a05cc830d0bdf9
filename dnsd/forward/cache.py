"""What upstreams said, for as long as they said: bounded by octets, least recently used out first.

What is over is kept for some time more, for when no upstream answers (RFC 8767).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from cachetools import TLRUCache

from dnsd.forward.reply import Learnt
from dnsd.model.message import ExtendedError, Rcode, Record, Resolved, Wanted
from dnsd.runtime.clock import Clock

STALE_TTL = 30
"""RFC 8767 5.11 recommends 30 s for what is handed out stale."""
_ENTRY_OCTETS = 900
_RECORD_OCTETS = 250
"""Of Python's own, measured (``tests/forward/test_cache.py``)."""


@dataclass(frozen=True, slots=True)
class _Kept:
    resolved: Resolved
    since: float
    ttl: int
    octets: int


class Cache:
    """Answers by question. ``octets_most`` bounds its memory, ``stale_seconds`` how long what is over is kept."""

    def __init__(self, octets_most: int, stale_seconds: float, clock: Clock) -> None:
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._kept: TLRUCache[Wanted, _Kept] = TLRUCache(
            octets_most, self._time_of_use, timer=clock.monotonic, getsizeof=lambda kept: kept.octets
        )

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def octets(self) -> int:
        """How much is kept."""
        return int(self._kept.currsize)

    def put(self, wanted: Wanted, learnt: Learnt) -> None:
        """Keep what an upstream said, unless it is not to be kept."""
        octets = _octets_of(wanted, learnt.resolved)
        if learnt.ttl > 0 and octets <= self._kept.maxsize:
            self._kept[wanted] = _Kept(learnt.resolved, self._clock.monotonic(), learnt.ttl, octets)
        else:
            self._kept.pop(wanted, None)

    def fresh(self, wanted: Wanted) -> Learnt | None:
        """What is known and not over, its TTLs counted down."""
        kept = self._kept.get(wanted)
        if kept is None:
            return None
        age = int(self._clock.monotonic() - kept.since)
        if age >= kept.ttl:
            return None
        resolved = kept.resolved
        if age:
            resolved = replace(
                resolved, answers=_older(resolved.answers, age), authority=_older(resolved.authority, age)
            )
        return Learnt(resolved, kept.ttl - age)

    def stale(self, wanted: Wanted) -> Resolved | None:
        """What was known and is over, to be told as such (RFC 8914 4.4, 4.20)."""
        kept = self._kept.get(wanted) if self._stale_seconds else None
        if kept is None:
            return None
        is_denial = kept.resolved.rcode == Rcode.NXDOMAIN
        return replace(
            kept.resolved,
            answers=_briefly(kept.resolved.answers),
            authority=_briefly(kept.resolved.authority),
            reason=ExtendedError.STALE_NXDOMAIN if is_denial else ExtendedError.STALE_ANSWER,
        )

    def _time_of_use(self, _: Wanted, kept: _Kept, now: float) -> float:
        return now + kept.ttl + self._stale_seconds


def _older(records: tuple[Record, ...], age: int) -> tuple[Record, ...]:
    return tuple(replace(each, ttl=each.ttl - age) for each in records)


def _briefly(records: tuple[Record, ...]) -> tuple[Record, ...]:
    return tuple(replace(each, ttl=min(each.ttl, STALE_TTL)) for each in records)


def _octets_of(wanted: Wanted, resolved: Resolved) -> int:
    records = (*resolved.answers, *resolved.authority)
    return (
        _ENTRY_OCTETS
        + sys.getsizeof(wanted.owner)
        + sum(_RECORD_OCTETS + len(each.owner) + len(each.rdata) for each in records)
    )
