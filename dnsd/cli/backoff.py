"""Pauses before trying again, drawn at random so that a herd of clients spreads out."""

from __future__ import annotations

import random
from collections.abc import Callable

PAUSE_SECONDS_LEAST = 0.5
PAUSE_SECONDS_MOST = 15.0


class Backoff:
    """Full jitter: each pause is drawn between 0.5 s and a bound that doubles from 1 s up to ``most_seconds``."""

    def __init__(self, chance: Callable[[], float] = random.random, most_seconds: float = PAUSE_SECONDS_MOST) -> None:
        self._chance = chance
        self._most_seconds = max(most_seconds, PAUSE_SECONDS_LEAST)
        self._failures = 0

    def next_seconds(self) -> float:
        """The pause after one more failure."""
        self._failures = min(self._failures + 1, 10)
        bound = min(PAUSE_SECONDS_LEAST * (1 << self._failures), self._most_seconds)
        return PAUSE_SECONDS_LEAST + self._chance() * (bound - PAUSE_SECONDS_LEAST)

    def reset(self) -> None:
        """It worked again."""
        self._failures = 0
