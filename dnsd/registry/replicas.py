"""The replicas of one registry: each says how far it has come; a drain asks who has come far enough."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from dnsd.model.errors import StoreUnavailable
from dnsd.registry.mirror import Mirror
from dnsd.runtime.clock import Clock
from dnsd.store.redis import Store

REPORT_SECONDS_LEAST = 0.05
REPORT_SECONDS_MOST = 1.0
LIVE_TICKS = 3
"""Who did not report for longer is not waited for; while leases settle ticks stand still, and all are waited for."""
ASK_SECONDS = 0.05

_log = logging.getLogger("dnsd.replicas")


@dataclass(frozen=True, slots=True)
class Applied:
    """The live replicas that answer from a revision, and those that do not yet; names, sorted."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]


class Replicas:
    """Our own replica, called ``name``, among the others."""

    def __init__(self, store: Store, mirror: Mirror, name: str, clock: Clock) -> None:
        self._store = store
        self._mirror = mirror
        self._name = name
        self._clock = clock

    async def run(self) -> None:
        """For ever: report what this replica's own responders answer from, soon when it moves, else every second."""
        while True:
            revision = self._mirror.revision
            is_loaded = self._mirror.status().loaded
            if is_loaded and await self._mirror.reached(revision, REPORT_SECONDS_MOST):
                await self._report(revision)
            await self._clock.sleep(REPORT_SECONDS_LEAST)
            await self._mirror.moved(revision, REPORT_SECONDS_MOST - REPORT_SECONDS_LEAST)

    async def leave(self) -> None:
        """Our replica ends; nobody has to wait for it."""
        try:
            await self._store.withdraw(self._name)
        except StoreUnavailable as fault:
            _log.info("could not take leave of the other replicas: %s", fault)

    async def applied(self, revision: int, within_seconds: float) -> Applied:
        """Who answers from ``revision``: as soon as all live replicas do, or when the time is over."""
        until = self._clock.monotonic() + within_seconds
        while True:
            standing = await self._ask(revision)
            if not standing.pending or self._clock.monotonic() >= until:
                return standing
            await self._clock.sleep(ASK_SECONDS)

    async def _report(self, revision: int) -> None:
        try:
            await self._store.report(self._name, revision)
        except StoreUnavailable as fault:
            _log.debug("report not stored: %s", fault)

    async def _ask(self, revision: int) -> Applied:
        try:
            tick, reports = await self._store.reports()
        except StoreUnavailable:
            return Applied((), (self._name,))
        live = {name for name, (_, reported) in reports.items() if tick - reported <= LIVE_TICKS} | {self._name}
        applied = {name for name in live if reports.get(name, (0, 0))[0] >= revision}
        return Applied(tuple(sorted(applied)), tuple(sorted(live - applied)))
