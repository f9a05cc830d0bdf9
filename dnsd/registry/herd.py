"""Registrations that come all at once: so many a second are taken, the others are told when to come again.

Renewals, and registrations of what is known already, are never asked here: a herd must not push the living out.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from dnsd.model.errors import Herd as TooMany
from dnsd.model.lease import LEASE_SECONDS_DEFAULT
from dnsd.runtime.clock import Clock


class Herd:
    """At most ``rate`` new registrations a second, a second's worth at once; 0: no limit. ``chance``: 0 to 1."""

    def __init__(self, rate: float, clock: Clock, chance: Callable[[], float] = random.random) -> None:
        self.refused = 0
        self._rate = rate
        self._clock = clock
        self._chance = chance
        self._room = rate
        self._at = clock.monotonic()

    def admit(self, lease_seconds: int | None) -> None:
        """Take one more. Raises model.errors.Herd with when to come again, spread over a lease."""
        if not self._rate:
            return
        now = self._clock.monotonic()
        self._room = min(self._rate, self._room + (now - self._at) * self._rate)
        self._at = now
        if self._room < 1:
            self.refused += 1
            spread = lease_seconds or LEASE_SECONDS_DEFAULT
            raise TooMany(max(1, round(self._chance() * min(spread, LEASE_SECONDS_DEFAULT))))
        self._room -= 1
