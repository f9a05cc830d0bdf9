"""Whether who answers goes before everybody on its core: while that is little work, and among all others else.

A responder takes some hundredths of a core at a few thousand queries a second, but where control computes a change on
the same core, Linux may let it wait for the next tick (4 ms at 250 Hz), whatever its niceness. In real time it waits
for nobody. In a flood that would keep the core from those who renew leases, so from half a core on it goes back.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from dnsd.runtime.clock import Clock, thread_seconds
from dnsd.runtime.turns import go_among, go_first, may_go_first

LOOK_SECONDS = 0.25
QUIET_SECONDS = 5.0
"""So long it must have been little work before it goes first, at the start too."""
SHARE_MOST = 0.5
"""Of the cores, for all responders together; a niceness of -5 gives three quarters, so this takes nobody's share."""


def share_most(responders: int) -> float:
    """Which share of a core each of so many responders may take first."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    return SHARE_MOST * min(1.0, cores / responders)


class Precedence:
    """The main thread's. ``most``: the share of a core from which it is no longer little; ``worked``: its CPU time."""

    def __init__(self, clock: Clock, most: float, worked: Callable[[], float] = thread_seconds) -> None:
        self._clock = clock
        self._most = most
        self._worked = worked
        self._is_first = False
        self._busy_at = clock.monotonic()

    async def follow(self) -> None:
        """Go first and back as it comes; ends where it is forbidden."""
        signal.signal(signal.SIGXCPU, lambda number, frame: self._yield_core())
        at, worked = self._clock.monotonic(), self._worked()
        is_permitted = True
        while is_permitted:
            await self._clock.sleep(LOOK_SECONDS)
            before, at = at, self._clock.monotonic()
            worked_before, worked = worked, self._worked()
            is_permitted = self._judge((worked - worked_before) / (at - before))

    def _judge(self, share: float) -> bool:
        """False when going first is forbidden."""
        if share > (self._most if self._is_first else self._most / 2):
            self._busy_at = self._clock.monotonic()
        should = may_go_first() and self._clock.monotonic() - self._busy_at >= QUIET_SECONDS
        if should and not self._is_first:
            self._is_first = go_first()
            return self._is_first
        if self._is_first and not should:
            self._go_back()
        return True

    def _yield_core(self) -> None:
        self._busy_at = self._clock.monotonic()
        self._go_back()

    def _go_back(self) -> None:
        self._is_first = False
        go_among()
