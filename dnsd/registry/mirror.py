"""The mirror: everything in the store, in memory, always.

It follows the store's stream by its dense revisions, and hands what it reads to ``intake``, the only writer of the
catalog. Whatever could hide a change (a gap, a trimmed stream, a revision that went back, another epoch, another server
or data set behind the address) makes it read everything anew *beside* what it serves, and swap. Without the store it
goes on serving what it has, and comes back by itself.

Invariant: a store that lost what we hold is not believed (``held``): we keep serving that beside what the store says,
and say ``store-suspect``, until ``refill`` or the owners have put it back or an operator adopts the store as it is.

A replica begins with what ``disk`` kept where it can (``beginning``): also without the store, after a second.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dnsd.authority.catalog import Catalog
from dnsd.codec.audit import Author, author_to_text
from dnsd.model.errors import StoreUnavailable
from dnsd.model.rrset import ZoneData
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey
from dnsd.registry.beginning import Beginning
from dnsd.registry.collector import resting_collector
from dnsd.registry.contact import Contact
from dnsd.registry.content import read_content
from dnsd.registry.digest import Pair
from dnsd.registry.disk import Disk, Standing
from dnsd.registry.held import Held
from dnsd.registry.intake import Audience, Intake
from dnsd.registry.kept import Kept
from dnsd.registry.watch import Seen, Watch
from dnsd.runtime.clock import Clock
from dnsd.store.keys import SCHEMA
from dnsd.store.operations import AccessChange, Facts
from dnsd.store.reader import Position, Reader
from dnsd.store.redis import Store

CHECK_SECONDS = 1.0
"""A read from too high a revision waits in silence, so the position is compared as often as this."""
REACH_SECONDS = 1.0
"""So long the store is tried at the start; then what the disk kept is served."""

_log = logging.getLogger("dnsd.mirror")


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """How the mirror stands. ``age_seconds``: since the store was last heard; ``problem``: "" when all is well.

    ``held``: so many records are answered that the store has lost; ``is_suspect``: it is not believed for that.
    """

    loaded: bool
    connected: bool
    epoch: str
    revision: int
    age_seconds: float
    problem: str
    bad_records: int
    held: int = 0
    is_suspect: bool = False


class Mirror:
    """See the head of this file. ``chance``: a number from 0 to 1, for the pauses between attempts.

    ``is_store_own``: the store is a child of this replica, and no other one's.
    """

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        audience: Audience,
        clock: Clock,
        *,
        disk: Disk | None = None,
        chance: Callable[[], float] = random.random,
        is_store_own: bool = False,
    ) -> None:
        self.catalog = catalog
        self.held = Held()
        self._kept = Kept(disk, self.held, is_store_own)
        self._intake = Intake(catalog, audience, clock, self._kept, self.held)
        self._past = self._intake.past
        self.digest = self._intake.digest
        self.has_begun = asyncio.Event()
        """Set when something is loaded, or when the first attempt has shown that nothing can be yet."""
        self.lag = 0
        """So many revisions was the store ahead of us at the last look."""
        self.loads = 0
        """So often everything was read from the store."""
        self._store = store
        self._audience = audience
        self._clock = clock
        self._contact = Contact(store.place, clock, chance)
        self._beginning = Beginning(self._kept, self._intake, self._contact, clock)
        self._schema = SCHEMA
        self._must_load = False
        self._checked_at = clock.monotonic()

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
        return self._intake.revision

    def status(self) -> MirrorStatus:
        """How the mirror stands now."""
        return MirrorStatus(
            loaded=self._intake.is_loaded,
            connected=self._contact.is_connected,
            epoch=self.epoch,
            revision=self.revision,
            age_seconds=self._contact.age_seconds,
            problem=self._contact.problem,
            bad_records=self._intake.bad_records,
            held=len(self.held.values),
            is_suspect=self.held.is_suspect,
        )

    def standing(self, is_compiled: bool = True) -> Standing:
        """Everything in this moment, for the disk; with its image if that ``is_compiled`` and of use."""
        inventory = self.catalog.inventory
        values: list[Service | Endpoint] = [*inventory.services(), *inventory.endpoints()]
        # Bad records are said at every start, so they are read again.
        image = self.catalog.image() if is_compiled and not self._intake.bad_records else None
        makings = "" if image is None else self.catalog.makings
        history, removed = self._intake.history, self._intake.removed
        return self._kept.standing(Standing(self.epoch, self.revision, history, removed, values, makings, image))

    def pairs(self) -> list[Pair]:
        """Key and revision of everything, for a digest."""
        inventory = self.catalog.inventory
        values: list[Service | Endpoint] = [*inventory.services(), *inventory.endpoints()]
        return [(value.key, value.revision) for value in values]

    def read_again(self) -> None:
        """Within about a second load everything anew: what we hold is not what others hold."""
        self._must_load = True

    async def adopt(self, author: Author | None = None) -> int:
        """Accept the store as it is, on all replicas; returns how many held records that drops. The next look at the
        store, within a second, loads it. Raises StoreUnavailable.
        """
        # The epoch that the store has: ours is the one before while we still load a store that came back empty.
        stands = await self._store.open(self.revision)
        await self._store.adopt(stands.epoch, stands.revision)
        note = AccessChange("note", f"adopted the store, epoch {stands.epoch}")
        await self._store.write_access(note, 0, author_to_text(author))
        return len(self.held.values)

    def let_go(self, removed: Iterable[ServiceKey | EndpointKey], standing: Iterable[ServiceKey | EndpointKey]) -> None:
        """Held records that were deleted leave the answers; those that stand in the store are held no longer."""
        self._intake.let_go(removed, standing)

    async def reached(self, revision: int, within_seconds: float) -> bool:
        """True as soon as the catalog and the audience have applied ``revision``; False when they did not in time."""
        until = self._clock.monotonic() + within_seconds
        if not await self._intake.progress.reached(revision, within_seconds):
            return False
        return await self._audience.applied(revision, max(0.0, until - self._clock.monotonic()))

    async def moved(self, revision: int, within_seconds: float) -> bool:
        """True as soon as the catalog is past ``revision``; False when it did not move in time."""
        return await self._intake.progress.reached(revision + 1, within_seconds)

    def watch(self, after: Seen | None = None) -> Watch:
        """The changes after (epoch, revision), or from now on. Raises Gone when the past is no longer kept."""
        return self._past.watch(after)

    async def set_static(self, zones: Sequence[ZoneData]) -> None:
        """Serve these static zones in place of those before, while answers go on."""
        await self._intake.set_static(zones)

    async def run(self) -> None:
        """For ever: load, follow, and come back after every fault."""
        while True:
            reader = self._store.reader()
            try:
                await self._follow(reader)
            except StoreUnavailable as fault:
                self._contact.lose(fault)
                if not self._beginning.is_over:
                    await self._beginning.alone()
                self.has_begun.set()
            finally:
                await reader.close()
            await self._clock.sleep(self._contact.pause_seconds())

    async def _follow(self, reader: Reader) -> None:
        await self._meet(reader)
        await self._catch_up(reader)
        while True:
            entries = await reader.await_changes(self.revision, CHECK_SECONDS)
            self._contact.hear()
            leads_on = await self._intake.take(entries)
            if self.held.values or self._contact.problem.startswith("store-suspect"):
                self._gain()
            await self._bring_due()
            if leads_on and self._clock.monotonic() - self._checked_at >= CHECK_SECONDS:
                leads_on = await self._is_in_step(reader)
            if not leads_on:
                await self._catch_up(reader)

    async def _meet(self, reader: Reader) -> None:
        """Connect; at the start see whether what the disk kept is more than what the store has."""
        try:
            is_hurried = self._kept.is_possible and not self._beginning.is_over
            async with asyncio.timeout(REACH_SECONDS if is_hurried else None):
                await reader.connect()
                self._contact.meet(await self._store.check())
                position = await reader.position()
        except TimeoutError:
            raise StoreUnavailable("unreachable", f"nothing from {self._store.place} in {REACH_SECONDS:g} s") from None
        await self._beginning.beside(reader, position)
        if self._intake.is_loaded:
            self.has_begun.set()

    async def _catch_up(self, reader: Reader) -> None:
        """Be where the store is, or where its stream leads there from here."""
        position = await reader.position()
        if not position.epoch or position.revision < self.revision:
            await self._store.open(self.revision)
            position = await reader.position()
        if not (self._continues(position) and await self._is_in_step(reader)):
            await self._load(reader)
            self._kept.renew()
        else:
            self._kept.follow_up()
        self._schema = position.schema
        self._gain()

    def _continues(self, position: Position) -> bool:
        return (
            not self._must_load
            and self._intake.is_loaded
            and (position.epoch, position.history) == (self.epoch, self._intake.history)
        )

    async def _is_in_step(self, reader: Reader) -> bool:
        """True when nothing is missing between us and the store, or the stream has it, the very next change first."""
        position = await reader.position()
        self._checked_at = self._clock.monotonic()
        self.lag = max(0, position.revision - self.revision)
        if not self._continues(position) or self.held.is_dropped_by(position):
            return False
        if position.revision == self.revision:
            self._intake.removed = position.removed
            self._kept.confirm(self.revision, position.removed)
            return True
        waiting = await reader.changes(self.revision, most=1)
        return bool(waiting) and waiting[0][0] == self.revision + 1

    async def _load(self, reader: Reader) -> None:
        with resting_collector():
            content = await read_content(reader)
            await self._intake.load(content, self._contact.age_seconds)
        self._must_load = False
        self.has_begun.set()
        self.loads += 1

    async def _bring_due(self) -> None:
        """Let the answers that time has changed come with a revision, so that the serial rises with them.

        Where the store takes no write they change without one, rather than not at all.
        """
        if not self.catalog.is_due(self._clock.monotonic()):
            return
        try:
            await self._store.touch(self.revision)
        except StoreUnavailable:
            await self._intake.expire()

    def _gain(self) -> None:
        newer = f"newer-schema: the store has schema {self._schema}; it is read, not written"
        problem = self.held.problem or (newer if self._schema > SCHEMA else "")
        self._contact.gain(problem, f"revision {self.revision} (epoch {self.epoch})")
