"""How long things took, in buckets with fixed bounds: so many numbers, whatever happens."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

BOUNDS_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""A batch of answers takes a millisecond, a change five, a write to a slow store up to seconds."""


class Durations:
    """Durations of one kind of thing. ``numbers``: by bucket, the last one above every bound."""

    __slots__ = ("numbers", "sum_seconds")

    def __init__(self) -> None:
        self.numbers = [0] * (len(BOUNDS_SECONDS) + 1)
        self.sum_seconds = 0.0

    def note(self, seconds: float) -> None:
        """Count one."""
        self.numbers[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self.sum_seconds += seconds


def cumulative(numbers: list[int]) -> list[tuple[str, float]]:
    """The buckets as Prometheus has them: bound -> all up to it."""
    bounds = [*map(str, BOUNDS_SECONDS), "+Inf"]
    return list(zip(bounds, map(float, accumulate(numbers)), strict=True))
