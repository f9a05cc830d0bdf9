"""The second hand of the registry: ticks, and what is due at a tick removed. The rules are in ``beat``."""

from __future__ import annotations

import logging

from dnsd.model.errors import StoreUnavailable
from dnsd.model.lease import SETTLING_SECONDS
from dnsd.registry.beat import Beat
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.runtime.clock import Clock
from dnsd.store.operations import Ticked
from dnsd.store.redis import Store

_log = logging.getLogger("dnsd.leases")


class Ticker:
    """One replica's part in the clock that leases are counted by."""

    def __init__(
        self,
        store: Store,
        leases: Leases,
        mirror: Mirror,
        clock: Clock,
        *,
        settling_seconds: float = SETTLING_SECONDS,
    ) -> None:
        self._store = store
        self._leases = leases
        self._mirror = mirror
        self._clock = clock
        self._beat = Beat(clock.monotonic(), settling_seconds)
        self.expired = 0
        """So many endpoints were removed by this replica because their lease ran out."""
        self.guard_since = 0
        """The tick since which self-preservation is on; 0 while it is off."""
        self.running = 0
        """So many leases there are in the registry."""
        self.held = 0
        """So many leases ran out, and their endpoints are kept all the same."""

    @property
    def is_settling(self) -> bool:
        """True while this replica makes no ticks, so that heartbeats come first."""
        return self._beat.is_settling(self._clock.monotonic())

    async def run(self) -> None:
        """For ever: tick when it is our turn, and reap what is due then."""
        while True:
            await self._sleep_until(self._beat.next_at)
            try:
                await self._turn()
            except StoreUnavailable as fault:
                _log.debug("no tick: %s", fault)
                self._beat.miss(self._clock.monotonic())

    async def _turn(self) -> None:
        beat = self._beat
        # Renewals that were answered while the store was away are stored before anybody counts on.
        await self._leases.store_remembered()
        may_tick = beat.may_tick(self._clock.monotonic())
        seen = await self._store.tick(beat.tick if may_tick else None, beat.history)
        self._note_guard(seen)
        if not beat.take(seen, self._clock.monotonic()) and self.is_settling:
            _log.info("leases settle: nobody expires until heartbeats had their time")
        if beat.reap_at is not None:
            await self._sleep_until(beat.reap_at)
            await self._reap()

    def _note_guard(self, seen: Ticked) -> None:
        self.held, self.running = seen.held, seen.leases
        if bool(seen.guard_since) != bool(self.guard_since):
            if seen.guard_since:
                _log.error(
                    "self-preservation is on: too many heartbeats stopped at once; %d endpoints whose lease ran out "
                    "are kept. If they are really gone, deregister them; else look at the network between them",
                    seen.held,
                )
            else:
                _log.warning("self-preservation is off: leases run out as usual")
        self.guard_since = seen.guard_since

    async def _reap(self) -> None:
        """Remove what is due, in changes of bounded size, as long as the next tick is not."""
        assert self._beat.tick is not None
        has_more = True
        while has_more and self._has_time():
            reaped = await self._store.reap(self._beat.tick, self._beat.history, self._mirror.revision)
            has_more = reaped.has_more
            self.expired += reaped.removed
            if reaped.removed:
                _log.info("%d endpoints expired, revision %d", reaped.removed, reaped.revision)

    def _has_time(self) -> bool:
        return self._clock.monotonic() < self._beat.next_at

    async def _sleep_until(self, moment: float) -> None:
        await self._clock.sleep(max(0.0, moment - self._clock.monotonic()))
