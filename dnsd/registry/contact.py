"""Whether the mirror hears the store: since when not, why not, and when to try again. Each turn is logged once."""

from __future__ import annotations

import logging
from collections.abc import Callable

from dnsd.model.errors import StoreUnavailable
from dnsd.runtime.clock import Clock
from dnsd.store.operations import Facts

PAUSE_SECONDS_LEAST = 0.1
PAUSE_SECONDS_MOST = 2.0

_log = logging.getLogger("dnsd.mirror")


class Contact:
    """Contact with the store at ``place``. ``chance``: a number from 0 to 1, for the pauses between attempts."""

    def __init__(self, place: str, clock: Clock, chance: Callable[[], float]) -> None:
        self.is_connected = False
        self.problem = "not connected yet"
        self.facts: Facts | None = None
        """What the server said of itself when it was last met."""
        self._place = place
        self._clock = clock
        self._chance = chance
        self._heard_at = clock.monotonic()
        self._failures = 0

    @property
    def age_seconds(self) -> float:
        """How long ago the store was last heard."""
        return self._clock.monotonic() - self._heard_at

    def hear(self) -> None:
        """The store said something."""
        self._heard_at = self._clock.monotonic()

    def age(self, seconds: float) -> None:
        """What we know is so old."""
        self._heard_at = self._clock.monotonic() - seconds

    def meet(self, facts: Facts) -> None:
        """A connection was made; this is who is there."""
        if self.facts is None or self.facts.run_id != facts.run_id:
            _log.info("store: %s %s at %s: %s", facts.server, facts.version, self._place, told(facts))
            if not facts.is_append_only:
                _log.warning("the store has no append-only file (appendonly no): its restart loses changes")
        self.facts = facts

    def gain(self, problem: str, where: str) -> None:
        """The mirror is in step, at ``where``; ``problem`` is what is still to be told, or ""."""
        self.hear()
        self._failures = 0
        if problem and problem.partition(":")[0] != self.problem.partition(":")[0]:
            _log.error("%s", problem)
        elif self.is_connected and self.problem.startswith("store-suspect") and not problem:
            _log.warning("the store has everything again, or is adopted; it is believed")
        self.problem = problem
        if not self.is_connected:
            self.is_connected = True
            _log.info("in step with %s at %s", self._place, where)

    def lose(self, fault: StoreUnavailable) -> None:
        """The store is away, or cannot be believed."""
        before = self.problem.partition(":")[0]
        self.problem = f"{fault.reason}: {fault}"
        if self.is_connected or fault.reason != before:
            _log.warning("the store is away, answers go on from memory: %s", self.problem)
        self.is_connected = False

    def pause_seconds(self) -> float:
        """How long to wait before the next attempt: drawn between the least and a ceiling that doubles."""
        ceiling = min(PAUSE_SECONDS_MOST, PAUSE_SECONDS_LEAST * (1 << min(self._failures, 10)))
        self._failures += 1
        return PAUSE_SECONDS_LEAST + self._chance() * (ceiling - PAUSE_SECONDS_LEAST)


def told(facts: Facts) -> str:
    """What a server's promises rest on, by the names of its settings."""
    least = "unknown" if facts.replicas_to_write is None else facts.replicas_to_write
    return (
        f"{facts.role}, appendonly {'yes' if facts.is_append_only else 'no'}, "
        f"maxmemory-policy {facts.maxmemory_policy}, min-replicas-to-write {least}"
    )
