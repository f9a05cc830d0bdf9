"""The mirror: everything in the store, in memory, always; the only writer of the catalog.

It follows the store's stream by its dense revisions. Whatever could hide a change (a gap, a trimmed stream, a revision
that went back, another epoch, another server or data set behind the address) makes it read everything anew *beside*
what it serves, and swap. Without the store it goes on serving what it has, and comes back by itself.

Invariant: a store that comes back empty under another epoch, while we hold records, is not believed: we keep serving,
say ``store-suspect`` and go on asking. (Taking registrations into it and writing records back is the restore's work.)
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dnsd.authority.catalog import Catalog
from dnsd.authority.table import Delta
from dnsd.model.errors import StoreUnavailable
from dnsd.model.rrset import ZoneData
from dnsd.registry.collector import collect_replaced, resting_collector
from dnsd.registry.contact import Contact
from dnsd.registry.content import Content, read_content
from dnsd.registry.merging import Merging
from dnsd.registry.progress import Progress
from dnsd.registry.watch import Past, Seen, Watch
from dnsd.runtime.clock import Clock
from dnsd.runtime.log import Once, remote
from dnsd.store.keys import SCHEMA
from dnsd.store.operations import Facts
from dnsd.store.reader import Entry, Position, Reader
from dnsd.store.record import BadRecord, read_change
from dnsd.store.redis import Store

CHECK_SECONDS = 1.0
"""A read from too high a revision waits in silence, so the position is compared as often as this."""
DIFFERENCE_MOST = 1000
"""A larger difference after a reload is loaded and swapped; a smaller one travels as one change."""

MERGED_MOST = 2000
"""So many objects are applied in one go, at most about."""

_log = logging.getLogger("dnsd.mirror")


class Audience(Protocol):
    """Who is told of changes: the feed to the responders."""

    def publish(self, delta: Delta) -> None:
        """These nodes of the table changed."""

    def reload(self) -> None:
        """The table was changed whole."""

    async def applied(self, revision: int, within_seconds: float) -> bool:
        """True as soon as the responders answer from ``revision``; False when they did not in time."""


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """How the mirror stands. ``age_seconds``: since the store was last heard; ``problem``: "" when all is well."""

    loaded: bool
    connected: bool
    epoch: str
    revision: int
    age_seconds: float
    problem: str
    bad_records: int


class Mirror:
    """See the head of this file. ``chance``: a number from 0 to 1, for the pauses between attempts."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        audience: Audience,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.catalog = catalog
        self._store = store
        self._audience = audience
        self._clock = clock
        self._contact = Contact(store.place, clock, chance)
        self._progress = Progress()
        self._past = Past()
        self._history = ""
        self._is_loaded = False
        self._checked_at = clock.monotonic()
        self._bad_records = 0
        self._once = Once(_log)
        self._writing = asyncio.Lock()
        """Held by whoever changes the catalog over more than one step."""

    @property
    def epoch(self) -> str:
        """The random id of the store's history; "" before the first load."""
        return self._past.epoch

    @property
    def facts(self) -> Facts | None:
        """What the server said of itself when it was last met."""
        return self._contact.facts

    @property
    def revision(self) -> int:
        """Everything up to here is in the catalog."""
        return self._progress.revision

    def status(self) -> MirrorStatus:
        """How the mirror stands now."""
        return MirrorStatus(
            loaded=self._is_loaded,
            connected=self._contact.is_connected,
            epoch=self.epoch,
            revision=self.revision,
            age_seconds=self._contact.age_seconds,
            problem=self._contact.problem,
            bad_records=self._bad_records,
        )

    async def reached(self, revision: int, within_seconds: float) -> bool:
        """True as soon as the catalog and the audience have applied ``revision``; False when they did not in time."""
        until = self._clock.monotonic() + within_seconds
        if not await self._progress.reached(revision, within_seconds):
            return False
        return await self._audience.applied(revision, max(0.0, until - self._clock.monotonic()))

    async def moved(self, revision: int, within_seconds: float) -> bool:
        """True as soon as the catalog is past ``revision``; False when it did not move in time."""
        return await self._progress.reached(revision + 1, within_seconds)

    def watch(self, after: Seen | None = None) -> Watch:
        """The changes after (epoch, revision), or from now on. Raises Gone when the past is no longer kept."""
        return self._past.watch(after)

    async def set_static(self, zones: Sequence[ZoneData]) -> None:
        """Serve these static zones in place of those before, while answers go on."""
        async with self._writing:
            for _ in self.catalog.static_steps(zones):
                await asyncio.sleep(0)
            self._audience.reload()

    async def run(self) -> None:
        """For ever: load, follow, and come back after every fault."""
        while True:
            reader = self._store.reader()
            try:
                await self._follow(reader)
            except StoreUnavailable as fault:
                self._contact.lose(fault)
            finally:
                await reader.close()
            await self._clock.sleep(self._contact.pause_seconds())

    async def _follow(self, reader: Reader) -> None:
        await reader.connect()
        self._contact.meet(await self._store.check())
        await self._catch_up(reader)
        while True:
            entries = await reader.await_changes(self.revision, CHECK_SECONDS)
            self._contact.hear()
            async with self._writing:
                leads_on = self._take(entries)
                self._end_last_known()
            if leads_on and self._clock.monotonic() - self._checked_at >= CHECK_SECONDS:
                leads_on = await self._is_in_step(reader)
            if not leads_on:
                await self._catch_up(reader)

    async def _catch_up(self, reader: Reader) -> None:
        """Be where the store is, or where its stream leads there from here."""
        position = await reader.position()
        if not position.epoch or position.revision < self.revision:
            await self._store.open(self.revision)
            position = await reader.position()
        if not (self._continues(position) and await self._is_in_step(reader)):
            await self._load(reader)
        self._gain(position)

    def _continues(self, position: Position) -> bool:
        return self._is_loaded and (position.epoch, position.history) == (self.epoch, self._history)

    async def _is_in_step(self, reader: Reader) -> bool:
        """True when nothing is missing between us and the store, or the stream has it, the very next change first."""
        position = await reader.position()
        self._checked_at = self._clock.monotonic()
        if not self._continues(position):
            return False
        if position.revision == self.revision:
            return True
        waiting = await reader.changes(self.revision, most=1)
        return bool(waiting) and waiting[0][0] == self.revision + 1

    def _take(self, entries: list[Entry]) -> bool:
        """Apply the entries, those that waited together as one; False when one does not lead on from where we are."""
        bad: list[BadRecord] = []
        merging = Merging(self.catalog.inventory, self.revision)
        for revision, fields in entries:
            if revision != merging.revision + 1:
                break
            merging.add(read_change(revision, fields, bad))
            if merging.size >= MERGED_MOST:
                self._apply(merging)
                merging = Merging(self.catalog.inventory, self.revision)
        self._apply(merging)
        self._note_bad(bad)
        return not entries or entries[-1][0] == self.revision

    def _apply(self, merging: Merging) -> None:
        if not merging.changes:
            return
        self._audience.publish(self.catalog.apply(merging.change, self._clock.monotonic()))
        for change in merging.changes:
            self._past.append(change)
        self._progress.advance(merging.revision)

    async def _load(self, reader: Reader) -> None:
        with resting_collector():
            content = await read_content(reader)
            async with self._writing:
                await self._believe(content)
        self._progress.advance(content.revision)
        self._history = content.position.history
        self._is_loaded = True
        self._note_bad(content.bad)

    async def _believe(self, content: Content) -> None:
        is_other = content.position.epoch != self.epoch
        if is_other and content.is_empty and self.catalog.inventory.holdings:
            raise StoreUnavailable("store-suspect", "the store came back empty and with another epoch; not believed")
        if is_other:
            await self._swap(content)
            self._past.begin(content.position.epoch, content.revision)
        else:
            await self._adopt(content)

    async def _adopt(self, content: Content) -> None:
        """Take on what differs in the same epoch; watchers are told the difference as one change."""
        difference = content.difference_from(self.catalog.inventory)
        if len(difference.puts) + len(difference.removals) > DIFFERENCE_MOST:
            await self._swap(content)
        else:
            self._audience.publish(self.catalog.apply(difference, self._clock.monotonic()))
        if difference.puts or difference.removals:
            self._past.append(difference)

    async def _swap(self, content: Content) -> None:
        steps = self.catalog.load_steps(content.services.values(), content.endpoints.values(), content.revision)
        for _ in steps:
            await asyncio.sleep(0)
        if self._is_loaded:
            collect_replaced()
        self._audience.reload()

    def _end_last_known(self) -> None:
        ended = self.catalog.expire(self._clock.monotonic())
        if ended is not None:
            self._audience.publish(ended)

    def _gain(self, position: Position) -> None:
        newer = f"newer-schema: the store has schema {position.schema}; it is read, not written"
        problem = newer if position.schema > SCHEMA else ""
        self._contact.gain(problem, f"revision {self.revision} (epoch {self.epoch})")

    def _note_bad(self, bad: list[BadRecord]) -> None:
        self._bad_records += len(bad)
        if bad:
            member, why = bad[0]
            self._once.warning(
                member, "%d records make no sense and are skipped, first %s: %s", len(bad), remote(member), remote(why)
            )
