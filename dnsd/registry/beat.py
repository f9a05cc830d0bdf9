"""The registry's clock as one replica sees it: when to make the next tick, and when to hold still.

Invariant: between the tick after a renewal and the reaping of that lease pass at least as many seconds as the lease
has, whoever makes the ticks. Three rules give that, with the deadline of ``model/lease.py``:

1. Who made the last tick keeps an absolute schedule, a second apart (no drift), but never makes up for more than
   ``LATENESS_SECONDS``: a tick that is later moves the schedule.
2. Another replica steps in no sooner than ``STEP_IN_SECONDS`` after it saw the last tick.
3. What is due at a tick is reaped ``LATENESS_SECONDS`` after its place in the schedule, which pays for rule 1.

A *gap* is more than ``GAP_SECONDS`` without seeing the store (an outage, or a stall of our own), or another history
of it, or our start. After a gap with leases in the store a replica only looks for the settling time, so that
heartbeats come first.
"""

from __future__ import annotations

from dnsd.model.lease import SETTLING_SECONDS
from dnsd.store.operations import Ticked

TICK_SECONDS = 1.0
STEP_IN_SECONDS = 1.2
LATENESS_SECONDS = 0.2
GAP_SECONDS = 3.0
AWAY_SECONDS = 0.2
"""A store that did not answer is asked again after so long."""


class Beat:
    """Times are monotonic seconds, passed in. ``next_at``: when to ask the store again."""

    def __init__(self, now: float, settling_seconds: float = SETTLING_SECONDS) -> None:
        self.next_at = now
        self.tick: int | None = None
        self.history = ""
        self._settling_seconds = settling_seconds
        self._seen_at: float | None = None
        self._settled_at = now
        self._changed_at = now
        self._scheduled_at: float | None = None

    def may_tick(self, now: float) -> bool:
        """True when the next call may make a tick, not only look."""
        return not (self.has_gap(now) or self.is_settling(now)) and now >= self._turn_at

    def has_gap(self, now: float) -> bool:
        """True when the store was not seen for too long, or never."""
        return self._seen_at is None or now - self._seen_at > GAP_SECONDS

    def is_settling(self, now: float) -> bool:
        """True while heartbeats come first."""
        return now < self._settled_at

    @property
    def _turn_at(self) -> float:
        """When the next tick is ours to make, unless somebody else makes it before."""
        return self._changed_at + (STEP_IN_SECONDS if self._scheduled_at is None else TICK_SECONDS)

    @property
    def reap_at(self) -> float | None:
        """When to reap what is due at ``tick``; None unless that tick was ours."""
        return None if self._scheduled_at is None else self._scheduled_at + LATENESS_SECONDS

    def miss(self, now: float) -> None:
        """The store did not answer. It may have made our tick all the same, so the schedule is not ours any more."""
        self._scheduled_at = None
        self.next_at = now + AWAY_SECONDS

    def take(self, seen: Ticked, now: float) -> bool:
        """The store answered; False when that ended a gap, and the settling time began (if there is what to settle)."""
        is_gap = self.has_gap(now) or seen.history != self.history
        self._seen_at = now
        self.history = seen.history
        if is_gap:
            self._settled_at = now + self._settling_seconds if seen.leases else now
        if seen.has_advanced and not is_gap:
            self._take_own(seen.tick, now)
        else:
            self._take_other(seen.tick, now)
        return not is_gap

    def _take_own(self, tick: int, now: float) -> None:
        due = None if self._scheduled_at is None else self._scheduled_at + TICK_SECONDS
        is_in_time = due is not None and now - due <= LATENESS_SECONDS
        self._scheduled_at = self._changed_at = due if due is not None and is_in_time else now
        self.tick = tick
        self.next_at = self._turn_at

    def _take_other(self, tick: int, now: float) -> None:
        self._scheduled_at = None
        if tick != self.tick:
            self.tick, self._changed_at = tick, now
        self.next_at = min(self._settled_at, now + TICK_SECONDS) if self.is_settling(now) else self._turn_at
