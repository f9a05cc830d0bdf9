"""The replicas of one registry: each says how far it has come and what it holds; a drain asks who came far enough."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from dnsd.model.errors import StoreUnavailable
from dnsd.registry.digest import sum_of
from dnsd.registry.mirror import Mirror
from dnsd.runtime.clock import Clock
from dnsd.store.redis import Store
from dnsd.store.report import Report

REPORT_SECONDS_LEAST = 0.05
REPORT_SECONDS_MOST = 1.0
LIVE_TICKS = 3
"""Who did not report for longer is not waited for; while leases settle ticks stand still, and all are waited for."""
ASK_SECONDS = 0.05
COMPARE_SECONDS = 60.0
COMPARE_AGAIN_SECONDS = 1.0
"""When no fellow told of a revision that we remember."""

_log = logging.getLogger("dnsd.replicas")


@dataclass(frozen=True, slots=True)
class Applied:
    """The live replicas that answer from a revision, and those that do not yet; names, sorted."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fellow:
    """A replica as the store knows it. ``digest``: "" when it told none; ``seen_seconds``: since its last report."""

    name: str
    revision: int
    digest: str
    seen_seconds: int


class Replicas:
    """Our own replica, called ``name``, among the others. ``differences``: so often a fellow held something else."""

    def __init__(self, store: Store, mirror: Mirror, name: str, clock: Clock) -> None:
        self._store = store
        self._mirror = mirror
        self._name = name
        self._clock = clock
        self.differences = 0
        self._compare_at = clock.monotonic() + COMPARE_SECONDS

    @property
    def digest(self) -> str:
        """Of all that we held at ``digest_revision``; "" when it is not known."""
        return self._mirror.digest.latest[1]

    @property
    def digest_revision(self) -> int:
        """See ``digest``."""
        return self._mirror.digest.latest[0]

    async def run(self) -> None:
        """For ever: report what this replica's own responders answer from, soon when it moves, else every second."""
        while True:
            revision = self._mirror.revision
            is_loaded = self._mirror.status().loaded
            if is_loaded and not self._mirror.digest.is_known:
                await self._sum_up()
            if is_loaded and await self._mirror.reached(revision, REPORT_SECONDS_MOST):
                await self._report(revision)
            await self._clock.sleep(REPORT_SECONDS_LEAST)
            is_quiet = not await self._mirror.moved(revision, REPORT_SECONDS_MOST - REPORT_SECONDS_LEAST)
            if is_loaded and self._clock.monotonic() >= self._compare_at:
                if is_quiet:
                    await self._sum_up()  # what went wrong in memory shows only so
                await self._compare()

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

    async def live(self) -> frozenset[str]:
        """The names of all replicas that live, ours among them. Raises StoreUnavailable."""
        return self._living(*await self._store.reports())

    async def fellows(self) -> list[Fellow]:
        """All replicas that reported within the last minutes, ours among them, by name. Raises StoreUnavailable."""
        tick, reports = await self._store.reports()
        return [
            Fellow(name, report.revision, report.digest, max(0, tick - report.tick))
            for name, report in sorted(reports.items())
        ]

    async def _sum_up(self) -> None:
        """Know the digest anew, from everything that we hold; changes that come meanwhile are counted in."""
        begun, pairs = self._mirror.digest.begin(self._mirror.revision), self._mirror.pairs()
        self._mirror.digest.settle(begun, await asyncio.to_thread(sum_of, pairs))

    async def _compare(self) -> None:
        """Once a minute: whoever was where we were must have held what we held."""
        status = self._mirror.status()
        if not status.connected or status.held:
            return
        try:
            _, reports = await self._store.reports()
        except StoreUnavailable:
            return
        theirs = {name: report for name, report in reports.items() if report.digest and name != self._name}
        mine = {name: self._mirror.digest.at(report.revision) for name, report in theirs.items()}
        is_done = not theirs or any(mine.values())
        self._compare_at = self._clock.monotonic() + (COMPARE_SECONDS if is_done else COMPARE_AGAIN_SECONDS)
        others = [name for name, report in theirs.items() if mine[name] and mine[name] != report.digest]
        if others:
            self.differences += 1
            _log.error("not what %s held at the same revision: everything is read anew", ", ".join(sorted(others)))
            self._mirror.digest.forget()
            self._mirror.read_again()

    async def _report(self, revision: int) -> None:
        try:
            await self._store.report(self._name, revision, self._mirror.digest.at(revision))
        except StoreUnavailable as fault:
            _log.debug("report not stored: %s", fault)

    def _living(self, tick: int, reports: Mapping[str, Report]) -> frozenset[str]:
        return frozenset(name for name, report in reports.items() if tick - report.tick <= LIVE_TICKS) | {self._name}

    async def _ask(self, revision: int) -> Applied:
        try:
            tick, reports = await self._store.reports()
        except StoreUnavailable:
            return Applied((), (self._name,))
        live = self._living(tick, reports)
        applied = {name for name in live if name in reports and reports[name].revision >= revision}
        return Applied(tuple(sorted(applied)), tuple(sorted(live - applied)))
