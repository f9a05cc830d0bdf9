"""The forwarder: from a question that is not ours to what is said about it, out of memory or from upstreams.

Invariant: every question that was taken is answered, once, within the time of :data:`ANSWER_SECONDS`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from dnsd.forward.cache import Cache
from dnsd.forward.exchange import Exchange
from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.failures import Failures
from dnsd.forward.flights import Deliver, Flights
from dnsd.forward.reply import Learnt
from dnsd.forward.routes import Routes
from dnsd.forward.special import local_answer
from dnsd.forward.tries import Tries
from dnsd.model.message import ExtendedError, Rcode, Resolved, Wanted
from dnsd.model.names import Name
from dnsd.runtime.counts import Counts
from dnsd.runtime.tasks import Tasks

ANSWER_SECONDS = 4.0
STALE_AFTER_SECONDS = 1.8
"""A client is given what is stale when nothing fresh has come by then (RFC 8767 5: the client response timer)."""
CHAINED_MOST = 8
"""Questions that one may become when upstreams answer with aliases alone."""

_NO_UPSTREAM = Resolved(Rcode.SERVFAIL, reason=ExtendedError.OTHER, text="no upstream is named for this name")
_FAILED = Resolved(Rcode.SERVFAIL, reason=ExtendedError.NO_REACHABLE_AUTHORITY, text="no upstream answered")
_FAILED_BEFORE = Resolved(Rcode.SERVFAIL, reason=ExtendedError.CACHED_ERROR, text="no upstream answered just now")
_SHED = Resolved(Rcode.SERVFAIL, reason=ExtendedError.OTHER, text="too many questions are being forwarded")


class Forwarder:
    """Answers from ``cache``, else by ``tries``. ``is_ours`` tells names that our own zones answer."""

    def __init__(
        self,
        routes: Routes,
        exchange: Exchange,
        tries: Tries,
        cache: Cache,
        failures: Failures,
        flights: Flights,
        is_ours: Callable[[Name], bool] = lambda name: False,
    ) -> None:
        self.is_ours = is_ours
        self.reverse = routes.reverse()
        self._routes = routes
        self._exchange = exchange
        self._tries = tries
        self._cache = cache
        self._failures = failures
        self._flights = flights
        self._tasks = Tasks("forwarder")
        self._landed = asyncio.Event()
        self._told: Counter[str] = Counter()

    def at_hand(self, wanted: Wanted) -> Resolved | None:
        """What can be said at once; None when an upstream has to be asked."""
        local = local_answer(wanted, self._routes)
        if local is not None:
            return self._tell("local", local)
        learnt = self._cache.fresh(wanted)
        if learnt is not None and not learnt.unfinished:
            return self._tell("cached", learnt.resolved)
        if not self._routes.upstreams_of(wanted.owner):
            return self._tell("nobody", replace(_NO_UPSTREAM, rcode=Rcode.REFUSED))
        if self._failures.is_resting(wanted):
            return self._stale_or(wanted, "failed-before", _FAILED_BEFORE)
        if self._flights.is_full_for(wanted):
            return self._stale_or(wanted, "shed", _SHED)
        return None

    def ask(self, wanted: Wanted, deliver: Deliver) -> None:
        """Have an upstream asked; ``deliver`` is called later, once."""
        waiter = _Waiter(deliver)
        if self._flights.join(wanted, waiter.tell):
            self._tasks.start("flight", self._fly(wanted))
        else:
            self._told["merged"] += 1
        stale = self._cache.stale(wanted)
        if stale is not None:
            waiter.tell_later(STALE_AFTER_SECONDS, stale)

    async def idle(self, within_seconds: float) -> None:
        """Wait until nothing is under way, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while self._flights:
                    self._landed.clear()
                    await self._landed.wait()

    async def close(self) -> None:
        """End what is under way; who waits is told that it failed."""
        await self._tasks.stop()
        for wanted in self._flights.all():
            # Its task was ended before it had begun.
            self._land(wanted, _FAILED)
        await self._exchange.close()

    def counts(self) -> Counts:
        """What was asked and told since the start, and what there is now."""
        counts: Counts = {("dnsd_forward_told", how): number for how, number in self._told.items()}
        counts.update({("dnsd_forward_tries", word): number for word, number in self._exchange.outcomes.items()})
        counts["dnsd_forward_in_flight",] = len(self._flights)
        counts["dnsd_forward_cache_octets",] = self._cache.octets
        counts["dnsd_forward_cache_answers",] = len(self._cache)
        return counts

    async def _fly(self, wanted: Wanted) -> None:
        resolved = _FAILED
        try:
            resolved = await self._resolved(wanted)
        finally:
            self._land(wanted, resolved)

    def _land(self, wanted: Wanted, resolved: Resolved) -> None:
        for deliver in self._flights.land(wanted):
            deliver(resolved)
        self._landed.set()

    async def _resolved(self, wanted: Wanted) -> Resolved:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                learnt = await self._learnt(wanted)
        except (TimeoutError, UpstreamFailed):
            self._failures.add(wanted)
            return self._stale_or(wanted, "failed", _FAILED)
        self._failures.forget(wanted)
        self._cache.put(wanted, learnt)
        return self._tell("asked", learnt.resolved)

    async def _learnt(self, wanted: Wanted) -> Learnt:
        """What upstreams say of the name, and of what its aliases lead to where they do not say so themselves."""
        learnt = await self._tries.ask(self._routes.upstreams_of(wanted.owner), wanted)
        for _ in range(CHAINED_MOST):
            name = learnt.unfinished
            if not name or self.is_ours(name):
                return replace(learnt, unfinished=b"")
            learnt = _joined(learnt, await self._next(replace(wanted, owner=name)))
        raise UpstreamFailed("circle")

    async def _next(self, wanted: Wanted) -> Learnt:
        local = local_answer(wanted, self._routes)
        if local is not None:
            return Learnt(local, 0)
        learnt = self._cache.fresh(wanted)
        if learnt is not None:
            return learnt
        upstreams = self._routes.upstreams_of(wanted.owner)
        if not upstreams:
            raise UpstreamFailed("nobody")
        return await self._tries.ask(upstreams, wanted)

    def _stale_or(self, wanted: Wanted, how: str, otherwise: Resolved) -> Resolved:
        stale = self._cache.stale(wanted)
        return self._tell(how, otherwise) if stale is None else self._tell("stale", stale)

    def _tell(self, how: str, resolved: Resolved) -> Resolved:
        self._told[how] += 1
        return resolved


class _Waiter:
    """A client that is told once, of whatever comes first."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver: Deliver | None = deliver
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, resolved: Resolved) -> None:
        deliver, self._deliver = self._deliver, None
        if self._timer is not None:
            self._timer.cancel()
        if deliver is not None:
            deliver(resolved)

    def tell_later(self, seconds: float, resolved: Resolved) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self.tell, resolved)


def _joined(before: Learnt, after: Learnt) -> Learnt:
    """Aliases, and what another upstream says of where they lead."""
    seen = {record.owner for record in before.resolved.answers}
    if any(record.owner in seen for record in after.resolved.answers):
        raise UpstreamFailed("circle")
    resolved = replace(after.resolved, answers=before.resolved.answers + after.resolved.answers)
    return Learnt(resolved, min(before.ttl, after.ttl), after.unfinished)
