"""What the mirror keeps on disk, as the mirror sees it: where it has no disk, nothing.

While the store lacks records that we hold, what we answer is kept under an epoch that no store has. So a restart does
not take such a store's word for all there is: it compares again, and goes on holding.
"""

from __future__ import annotations

from dnsd.model.change import Change
from dnsd.registry.content import Content
from dnsd.registry.disk import Disk, Standing
from dnsd.registry.held import FRESH_SECONDS, Held
from dnsd.registry.snapshot import Saved
from dnsd.store.keys import SCHEMA
from dnsd.store.reader import Position

HELD_FRESH, HELD_OLD = "held", "held-old"
"""The epoch of what is kept while records are held; ``old``: too old to be written back without being asked."""


class Kept:
    """``disk``: None when nothing is kept."""

    def __init__(self, disk: Disk | None, held: Held) -> None:
        self._disk = disk
        self._held = held
        self._name = ""

    @property
    def is_possible(self) -> bool:
        """True when there is a disk."""
        return self._disk is not None

    async def is_ahead_of(self, position: Position) -> bool:
        """True when something is kept that this store does not have, or no more."""
        head = None if self._disk is None else await self._disk.head()
        return head is not None and (head[0] != position.epoch or head[1] > position.revision)

    async def read(self) -> Saved | None:
        """What was kept last."""
        return None if self._disk is None else await self._disk.read()

    def standing(self, now: Standing) -> Standing:
        """The same by the name under which it is kept now."""
        self._name = self._name_now
        return now if not self._name else Standing(self._name, now.revision, now.history, now.values)

    def append(self, change: Change) -> None:
        """Keep one change, behind what is kept."""
        if self._disk is not None:
            self._disk.append(change)

    def confirm(self, revision: int) -> None:
        """Still at ``revision``, and in step."""
        if self._disk is not None and not self._name_now:
            self._disk.confirm(revision)

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


def age_of(saved: Saved, now: float) -> float:
    """Since when it is out of step with the store that had it all, in seconds; ``now`` in unix time."""
    age = max(0.0, now - saved.written_at)
    return max(age, FRESH_SECONDS + 1) if saved.epoch == HELD_OLD else age
