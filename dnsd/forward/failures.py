"""Questions that no upstream could answer: left alone for a second, then for twice as long each time (RFC 9520)."""

from __future__ import annotations

from dataclasses import dataclass

from cachetools import LRUCache

from dnsd.model.message import Wanted
from dnsd.runtime.clock import Clock

SECONDS_LEAST, SECONDS_MOST = 1.0, 30.0
QUESTIONS_MOST = 10_000
_FORGET_SECONDS = 60.0
"""A failure so long after the last one is the first again."""


@dataclass(frozen=True, slots=True)
class _Failed:
    until: float
    seconds: float


class Failures:
    """Failed questions, a bounded number of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: LRUCache[Wanted, _Failed] = LRUCache(QUESTIONS_MOST)

    def is_resting(self, wanted: Wanted) -> bool:
        """True while this question must not be asked again."""
        failed = self._failed.get(wanted)
        return failed is not None and self._clock.monotonic() < failed.until

    def add(self, wanted: Wanted) -> None:
        """Nobody could answer it."""
        now = self._clock.monotonic()
        last = self._failed.get(wanted)
        is_repeat = last is not None and now < last.until + _FORGET_SECONDS
        seconds = min(2 * last.seconds, SECONDS_MOST) if is_repeat and last is not None else SECONDS_LEAST
        self._failed[wanted] = _Failed(now + seconds, seconds)

    def forget(self, wanted: Wanted) -> None:
        """It was answered."""
        self._failed.pop(wanted, None)
