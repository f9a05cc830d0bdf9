"""What the mirror takes in: whole contents and single changes, into the catalog, and told to all who listen.

The catalog's only writer. A whole content is built *beside* what is served, and swapped; changes that waited together
are compiled as one. The responders, watchers, the disk and the digest are told in the same step.

Invariant: what the store lost without a delete to match is held (``held``), and goes on being answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from dnsd.authority.catalog import Catalog
from dnsd.authority.form import Packed
from dnsd.authority.table import Delta
from dnsd.model.change import Change
from dnsd.model.rrset import ZoneData
from dnsd.model.service import EndpointKey, ServiceKey
from dnsd.registry.collector import Growth, collect_new, collect_replaced
from dnsd.registry.content import Content
from dnsd.registry.digest import Digest
from dnsd.registry.held import Held, loss_of
from dnsd.registry.kept import Kept
from dnsd.registry.merging import Merging
from dnsd.registry.progress import Progress
from dnsd.registry.watch import Past
from dnsd.runtime.clock import Clock
from dnsd.runtime.log import Once, remote
from dnsd.store.reader import Entry, Position
from dnsd.store.record import BadRecord, read_change

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


class Intake:
    """Writes ``catalog``; see the head of this file. ``kept``: the disk, which is told too.

    ``history``: the server that said what we hold; ``removed``: so many removals it had counted when it did, None where
    that is not known.
    """

    def __init__(self, catalog: Catalog, audience: Audience, clock: Clock, kept: Kept, held: Held) -> None:
        self.catalog = catalog
        self.held = held
        self.digest = Digest()
        self.progress = Progress()
        self.past = Past()
        self.history = ""
        self.removed: int | None = None
        self.is_loaded = False
        self.bad_records = 0
        self._audience = audience
        self._clock = clock
        self._kept = kept
        self._growth = Growth(clock)
        self._letting_go: list[ServiceKey | EndpointKey] = []
        self._once = Once(_log)
        self._writing = asyncio.Lock()
        """Held by whoever changes the catalog over more than one step."""

    @property
    def revision(self) -> int:
        """Everything up to here is in the catalog."""
        return self.progress.revision

    async def set_static(self, zones: Sequence[ZoneData]) -> None:
        """Serve these static zones in place of those before, while answers go on."""
        async with self._writing:
            for _ in self.catalog.static_steps(zones):
                await asyncio.sleep(0)
            self._audience.reload()

    async def take(self, entries: list[Entry]) -> bool:
        """Apply the entries, those that waited together as one; False when one does not lead on from where we are."""
        async with self._writing:
            leads_on = self._take(entries)
            self._end_held()
        return leads_on

    async def load(self, content: Content, age_seconds: float) -> None:
        """Take on what was read, and beside it what the store lost without a delete to match.

        ``age_seconds``: since the store was last heard.
        """
        async with self._writing:
            self.digest.forget()
            is_other = content.position.epoch != self.past.epoch
            self._hold(content, age_seconds)
            if is_other:
                await self._swap(content)
                self.past.begin(content.position.epoch, content.revision)
            else:
                await self._adopt(content)
        self._stand_at(content)
        self.removed = content.position.removed

    async def serve(self, content: Content, removed: int | None = None) -> None:
        """Take on what the disk kept, as it is; ``removed`` as of then."""
        async with self._writing:
            await self._swap(content)
        self.past.begin(content.position.epoch, content.revision)
        self._stand_at(content)
        self.removed = removed

    async def resume(
        self,
        position: Position,
        parts: Iterable[Packed],
        changes: Iterable[Change],
        bad: list[BadRecord],
        removed: int | None = None,
    ) -> None:
        """Take on what was compiled as of ``position``, with the changes since, before anybody is shown it.

        ``parts`` of an :class:`Image`; what drawing them raises leaves all as it was. ``bad`` was in the changes,
        behind which the store had counted ``removed``.
        """
        async with self._writing:
            for _ in self.catalog.resume_steps(parts, position.revision):
                await asyncio.sleep(0)
            self.past.begin(position.epoch, position.revision)
            self.progress.advance(position.revision)
            for merging in self._merged(changes):
                self._compile(merging)
            self._audience.reload()
        self.history, self.removed, self.is_loaded = position.history, removed, True
        self._note_bad(bad)

    def let_go(self, removed: Iterable[ServiceKey | EndpointKey], standing: Iterable[ServiceKey | EndpointKey]) -> None:
        """Held records that were deleted leave the answers; those that stand in the store are held no longer."""
        self._letting_go += removed
        for key in standing:
            self.held.values.pop(key, None)

    async def expire(self) -> None:
        """Let the answers that time has changed come without a revision, for want of one."""
        async with self._writing:
            ended = self.catalog.expire(self._clock.monotonic())
        if ended is not None:
            self._audience.publish(ended)

    def _stand_at(self, content: Content) -> None:
        self.progress.advance(content.revision)
        self.history, self.is_loaded = content.position.history, True
        self._note_bad(content.bad)

    def _take(self, entries: list[Entry]) -> bool:
        bad: list[BadRecord] = []
        for merging in self._merged(self._read(entries, bad)):
            self._apply(merging)
        self._note_bad(bad)
        return not entries or entries[-1][0] == self.revision

    def _read(self, entries: list[Entry], bad: list[BadRecord]) -> Iterator[Change]:
        """The changes of the entries, as far as they lead on from where we are."""
        for expected, (revision, fields) in enumerate(entries, self.revision + 1):
            if revision != expected:
                return
            yield self.held.note(read_change(revision, fields, bad))

    def _merged(self, changes: Iterable[Change]) -> Iterator[Merging]:
        """The changes, those together that are applied in one go; each is applied before the next is drawn."""
        merging = Merging(self.catalog.inventory, self.revision)
        for change in changes:
            merging.add(change)
            if merging.size >= MERGED_MOST:
                yield merging
                merging = Merging(self.catalog.inventory, self.revision)
        yield merging

    def _apply(self, merging: Merging) -> None:
        if not merging.changes:
            return
        with self._growth.taking_in(merging.size, len(merging.changes)):
            self.digest.follow(self.catalog.inventory, merging.changes)
            self._audience.publish(self._compile(merging))
            if self.removed is not None:
                self.removed += merging.removed
            self._kept.append(merging.change, self.removed)

    def _compile(self, merging: Merging) -> Delta:
        delta = self.catalog.apply(merging.change, self._clock.monotonic())
        for change in merging.changes:
            self.past.append(change)
        self.progress.advance(merging.revision)
        return delta

    def _hold(self, content: Content, age_seconds: float) -> None:
        if self.held.is_dropped_by(content.position):
            self.held.clear()
            _log.warning("the store is adopted as it is: what it lacks is dropped")
            return
        self.held.note_all(content)
        known = self.catalog.inventory
        loss = loss_of(content, self.past.epoch, self.history, self.removed, known, self.held.values)
        self.held.take(loss, age_seconds)
        content.apply(Change(content.revision, tuple(self.held.values.values())))
        content.adopt_orphans()

    def _end_held(self) -> None:
        """Drop what turned out to be deleted, and keep what is held no longer by its own name."""
        if self._letting_go:
            change = self.held.let_go(self._letting_go, self.revision)
            self._letting_go.clear()
            self.digest.forget()
            self._audience.publish(self.catalog.apply(change, self._clock.monotonic()))
        self._kept.follow_up()

    async def _adopt(self, content: Content) -> None:
        """Take on what differs in the same epoch; watchers are told the difference as one change."""
        difference = content.difference_from(self.catalog.inventory)
        if len(difference.puts) + len(difference.removals) > DIFFERENCE_MOST:
            await self._swap(content)
        else:
            self._audience.publish(self.catalog.apply(difference, self._clock.monotonic()))
            collect_new()  # the content that was read, and what the store's absence left behind
        if difference.puts or difference.removals:
            self.past.append(difference)

    async def _swap(self, content: Content) -> None:
        steps = self.catalog.load_steps(content.services.values(), content.endpoints.values(), content.revision)
        for _ in steps:
            await asyncio.sleep(0)
        if self.is_loaded:
            collect_replaced()
        self._audience.reload()

    def _note_bad(self, bad: list[BadRecord]) -> None:
        self.bad_records += len(bad)
        if bad:
            member, why = bad[0]
            self._once.warning(
                member, "%d records make no sense and are skipped, first %s: %s", len(bad), remote(member), remote(why)
            )
