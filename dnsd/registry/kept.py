"""What the mirror keeps on disk, as the mirror sees it: where it has no disk, nothing.

While the store lacks records that we hold, what we answer is kept under an epoch that no store has. So a restart does
not take such a store's word for all there is: it compares again, and goes on holding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dnsd.authority.form import Packed
from dnsd.model.change import Change
from dnsd.registry.content import Content
from dnsd.registry.disk import Disk, Standing
from dnsd.registry.held import FRESH_SECONDS, Held
from dnsd.registry.image import Mark
from dnsd.registry.snapshot import Saved, Since
from dnsd.store.keys import SCHEMA
from dnsd.store.reader import Position

HELD_FRESH, HELD_OLD = "held", "held-old"
"""The epoch of what is kept while records are held; ``old``: too old to be written back without being asked."""


class Kept:
    """``disk``: None when nothing is kept. ``is_store_own``: the store is this replica's child and ends with it, so
    that it is another server than before says nothing.
    """

    def __init__(self, disk: Disk | None, held: Held, is_store_own: bool = False) -> None:
        self._disk = disk
        self._is_store_own = is_store_own
        self._held = held
        self._name = ""

    @property
    def is_possible(self) -> bool:
        """True when there is a disk."""
        return self._disk is not None

    async def is_ahead_of(self, position: Position) -> bool:
        """True when something is kept that this store does not have, or no more."""
        newest = None if self._disk is None else await self._disk.newest(position.history)
        return newest is not None and (newest[0] != position.epoch or newest[1] > position.revision)

    async def read(self) -> Saved | None:
        """What was kept last."""
        return None if self._disk is None else await self._disk.read()

    async def mark(self, makings: str) -> Mark | None:
        """Of the image on the disk, if ``makings`` are what it was made of."""
        return None if self._disk is None else await self._disk.mark(makings)

    async def mark_before(self, position: Position, makings: str) -> Mark | None:
        """The same, if it is of this store's past: then its stream may lead on from there."""
        mark = await self.mark(makings)
        if mark is None or mark.epoch != position.epoch or mark.revision > position.revision:
            return None
        return mark if self._is_store_own or mark.history == position.history else None

    async def since(self, mark: Mark) -> Since | None:
        """What the journal has behind that image; None when something may be missing there."""
        return None if self._disk is None else await self._disk.since(mark)

    def parts(self, mark: Mark) -> Iterator[Packed]:
        """The image itself, see :func:`read_parts`."""
        assert self._disk is not None
        return self._disk.parts(mark)

    def standing(self, now: Standing) -> Standing:
        """The same by the name under which it is kept now."""
        self._name = self._name_now
        return now if not self._name else replace(now, epoch=self._name)

    def append(self, change: Change, removed: int | None) -> None:
        """Keep one change, behind what is kept; ``removed`` as of then."""
        if self._disk is not None:
            self._disk.append(change, removed)

    def go_on(self, mark: Mark) -> None:
        """We begin with that image, and the store has nothing newer: changes go behind it."""
        if self._disk is not None:
            self._disk.go_on(mark.epoch, mark.revision)

    def confirm(self, revision: int, removed: int) -> None:
        """Still at ``revision``, and in step."""
        if self._disk is not None and not self._name_now:
            self._disk.confirm(revision, removed)

    def renew(self) -> None:
        """Everything was loaded: keep all of it anew."""
        if self._disk is not None:
            self._disk.renew()

    def follow_up(self) -> None:
        """Keep everything anew when nothing leads on from what is kept, or when it goes by another name now."""
        if self._disk is not None and (self._disk.is_idle or self._name != self._name_now):
            self._name = self._name_now
            self._disk.renew()

    @property
    def _name_now(self) -> str:
        if not self._held.values:
            return ""
        return HELD_FRESH if self._held.is_fresh else HELD_OLD


def content_of(saved: Saved) -> Content:
    """What was kept, as if it had been read from a store."""
    content = Content(Position(saved.epoch, saved.revision, SCHEMA, saved.history, ""))
    content.services = {each.key: each for each in saved.inventory.services()}
    content.endpoints = {each.key: each for each in saved.inventory.endpoints()}
    content.bad = saved.bad
    content.adopt_orphans()
    return content


def age_of(epoch: str, written_at: float, now: float) -> float:
    """Since when what was kept under ``epoch`` is out of step with the store that had it all, in seconds; the others
    in unix time.
    """
    age = max(0.0, now - written_at)
    return max(age, FRESH_SECONDS + 1) if epoch == HELD_OLD else age
