"""One question, all its upstreams: two tries each, the next one asked early when the first is slow.

0 s        first upstream
+ hedge    the second, unless the first has answered (0.1 to 0.5 s, by how fast it usually is)
+ 1.5 s    a try that got nothing is over; the first upstream once more, and so on
4 s        the end: clients with glibc wait for five
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from dnsd.forward.exchange import Exchange
from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.health import Health
from dnsd.forward.reply import Learnt
from dnsd.forward.upstream import Upstream
from dnsd.model.message import Wanted
from dnsd.runtime.tasks import Tasks

TRIES = 2
UPSTREAMS_MOST = 3
"""More are not asked for one question."""


class Tries:
    """Asks upstreams until one has answered."""

    def __init__(self, exchange: Exchange, health: Health) -> None:
        self._exchange = exchange
        self._health = health

    async def ask(self, upstreams: Sequence[Upstream], wanted: Wanted) -> Learnt:
        """The first answer that helps. Raises UpstreamFailed when all tries are through."""
        tasks = Tasks("tries")
        try:
            return await self._asked(deque(self._health.ordered(upstreams)[:UPSTREAMS_MOST] * TRIES), wanted, tasks)
        finally:
            await tasks.stop()

    async def _asked(self, waiting: deque[Upstream], wanted: Wanted, tasks: Tasks) -> Learnt:
        running: dict[asyncio.Task[Learnt | UpstreamFailed], Upstream] = {}
        last = UpstreamFailed("network")
        while waiting or running:
            if waiting and waiting[0] not in running.values():
                upstream = waiting.popleft()
                running[tasks.start(str(upstream), self._tried(upstream, wanted))] = upstream
            is_hedged = bool(waiting) and waiting[0] not in running.values()
            patience = self._health.hedge_seconds(upstream) if is_hedged else None
            done, _ = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                ended, outcome = running.pop(task), task.result()
                if isinstance(outcome, Learnt):
                    return outcome
                last = outcome
                if outcome.is_answer:
                    waiting = deque(each for each in waiting if each != ended)
        raise last

    async def _tried(self, upstream: Upstream, wanted: Wanted) -> Learnt | UpstreamFailed:
        """As a value, because a task that fails is logged."""
        try:
            return await self._exchange.ask(upstream, wanted)
        except UpstreamFailed as failure:
            return failure
