"""How upstreams do, by their use alone: no probes, and none is ever given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dnsd.forward.upstream import Upstream
from dnsd.runtime.clock import Clock

FAILURES_LEAST = 2
"""So many failures in a row make an upstream come last."""
REST_SECONDS_LEAST, REST_SECONDS_MOST = 1.0, 30.0
HEDGE_SECONDS_LEAST, HEDGE_SECONDS_MOST = 0.1, 0.5
_SHARE = 0.25


@dataclass(slots=True)
class _State:
    answer_seconds: float | None = None
    failures: int = 0
    rests_until: float = 0.0


class Health:
    """What was seen of each upstream."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._states: dict[Upstream, _State] = {}

    def answered(self, upstream: Upstream, seconds: float) -> None:
        """It gave an answer of whatever kind, after so long."""
        state = self._state(upstream)
        state.failures, state.rests_until = 0, 0.0
        before = seconds if state.answer_seconds is None else state.answer_seconds
        state.answer_seconds = before + _SHARE * (seconds - before)

    def failed(self, upstream: Upstream) -> None:
        """It was silent or out of reach."""
        state = self._state(upstream)
        state.failures += 1
        if state.failures >= FAILURES_LEAST:
            rest = REST_SECONDS_LEAST * 2 ** min(state.failures - FAILURES_LEAST, 5)
            state.rests_until = self._clock.monotonic() + min(rest, REST_SECONDS_MOST)

    def ordered(self, upstreams: Sequence[Upstream]) -> list[Upstream]:
        """Those that do well in their own order, then those that rest, who rests least first; all of them, always."""
        now = self._clock.monotonic()
        rests = {each: self._state(each).rests_until for each in upstreams}
        return sorted(upstreams, key=lambda each: rests[each] if rests[each] > now else 0.0)

    def hedge_seconds(self, upstream: Upstream) -> float:
        """After so long without an answer the next upstream is asked as well: four times what is usual."""
        usual = self._state(upstream).answer_seconds
        if usual is None:
            return HEDGE_SECONDS_MOST
        return min(max(4 * usual, HEDGE_SECONDS_LEAST), HEDGE_SECONDS_MOST)

    def resting(self) -> int:
        """How many upstreams come last now."""
        now = self._clock.monotonic()
        return sum(state.rests_until > now for state in self._states.values())

    def _state(self, upstream: Upstream) -> _State:
        return self._states.setdefault(upstream, _State())
