"""Whether who answers goes before everybody on its core: while that is little work, and among all others else.

A responder takes some hundredths of a core at a few thousand queries a second, but where control computes a change on
the same core, Linux may let it wait for the next tick (4 ms at 250 Hz), whatever its niceness. In real time it goes
before all who are not. In a flood that would keep the core from those who renew leases, so it goes back in time.
"""

from __future__ import annotations

import logging
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
"""Of the cores, for all responders of a replica together, while they go first; to begin with, half of that."""

_log = logging.getLogger("dnsd.precedence")


def share_most(responders: int) -> float:
    """Which share of a core each of so many responders may take first, with the cores that we may use now."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    return SHARE_MOST * min(1.0, cores / responders)


class Precedence:
    """That of the main thread, one of so many ``responders``; ``worked``: the CPU time that it has had."""

    def __init__(self, clock: Clock, responders: int, worked: Callable[[], float] = thread_seconds) -> None:
        self._clock = clock
        self._responders = responders
        self._worked = worked
        self._is_first = False
        self._busy_at = clock.monotonic()

    async def follow(self) -> None:
        """Go first and back as it comes; ends where it is forbidden."""
        at, worked = self._clock.monotonic(), self._worked()
        is_permitted = True
        while is_permitted:
            await self._clock.sleep(LOOK_SECONDS)
            before, at = at, self._clock.monotonic()
            worked_before, worked = worked, self._worked()
            is_permitted = self._judge((worked - worked_before) / (at - before))
        _log.info("not permitted to go before everybody on a core (LimitRTPRIO=1): niceness alone has to do")

    def _judge(self, share: float) -> bool:
        """False when going first is forbidden."""
        most = share_most(self._responders)
        if share > (most if self._is_first else most / 2):
            self._busy_at = self._clock.monotonic()
        should = may_go_first() and self._clock.monotonic() - self._busy_at >= QUIET_SECONDS
        if should and not self._is_first:
            return self._go_first()
        if self._is_first and not should:
            self._go_back()
        return True

    def _go_first(self) -> bool:
        signal.signal(signal.SIGXCPU, lambda number, frame: self._yield_core())
        self._is_first = go_first()
        if not self._is_first:
            signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        return self._is_first

    def _yield_core(self) -> None:
        """We computed for too long in one go."""
        self._busy_at = self._clock.monotonic()
        self._go_back()

    def _go_back(self) -> None:
        self._is_first = False
        go_among()
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)  # from now on it would be about a limit of somebody else's
