"""How far the mirror has come, and who waits for it to come further."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from dnsd.runtime.waiting import settle, settled

_LOOK_LEAST = 64
"""So many wait before those who gave up are looked for; then when they have doubled, so that each costs but little."""


class Progress:
    """A revision that grows, and tasks that wait until it is large enough."""

    def __init__(self) -> None:
        self.revision = 0
        self._waiting: list[tuple[int, int, asyncio.Future[bool]]] = []
        self._turn = count()
        self._look_at = _LOOK_LEAST

    def advance(self, revision: int) -> None:
        """We are at ``revision`` now."""
        self.revision = revision
        while self._waiting and self._waiting[0][0] <= revision:
            settle(heapq.heappop(self._waiting)[2], True)

    async def reached(self, revision: int, within_seconds: float) -> bool:
        """True as soon as ``revision`` is reached; False when it was not in time."""
        if revision <= self.revision:
            return True
        self._forget_done()
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (revision, next(self._turn), waiting))
        return await settled(waiting, within_seconds)

    def _forget_done(self) -> None:
        """Drop who gave up, when many may have: where no revision comes, nothing else would."""
        if len(self._waiting) < self._look_at:
            return
        self._waiting = [each for each in self._waiting if not each[2].done()]
        heapq.heapify(self._waiting)
        self._look_at = max(_LOOK_LEAST, 2 * len(self._waiting))
