"""Figures of a row, samples taken in alternation, and ratios within one alternation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")

MICROSECONDS = "us/query"
TIMES = "x"


@dataclass(frozen=True)
class Figure:
    """One line of the table: ``samples``, one an alternation, and what they should reach, if anything."""

    row: str
    what: str
    unit: str
    samples: Sequence[float]
    most: float | None = None
    least: float | None = None

    @property
    def median(self) -> float:
        """The figure that counts."""
        return median(self.samples)

    @property
    def reach(self) -> str:
        """What the median should reach, in words; nothing when it is there for information."""
        if self.most is not None:
            return f"at most {self.most:g}"
        return f"at least {self.least:g}" if self.least is not None else ""

    @property
    def verdict(self) -> str:
        """``yes`` or ``no`` where something is to be reached."""
        if self.most is None and self.least is None:
            return ""
        is_met = self.median <= self.most if self.most is not None else self.median >= (self.least or 0)
        return "yes" if is_met else "no"


@dataclass(frozen=True)
class Point:
    """One point of the plot: what ``name`` costs at ``size`` endpoints, in microseconds a query."""

    name: str
    size: int
    cost: float


def alternate(rounds: int, contestants: Mapping[str, Callable[[int], T]]) -> dict[str, list[T]]:
    """Call each in turn, A B A B ..., with the number of the round; the results of each in order."""
    results: dict[str, list[T]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, measure in contestants.items():
            results[name].append(measure(number))
    return results


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """One ratio an alternation."""
    return [over / under if under else float("inf") for over, under in zip(above, below, strict=True)]


def sample_lines(row: str, unit: str, results: Mapping[str, Sequence[float]]) -> list[Figure]:
    """A line for each contestant, nothing to be reached."""
    return [Figure(row, name, unit, samples) for name, samples in results.items()]
