"""How a mirror begins: with what the disk kept, where the store has no more, or is away, or has lost it.

What was compiled (``image``) is taken up in a quarter of the time of a load, where the store's stream leads on from it,
or without the store the journal; the changes since are in before anybody is shown anything.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from dnsd.model.change import Change
from dnsd.registry.collector import resting_collector
from dnsd.registry.contact import Contact
from dnsd.registry.content import changes_since
from dnsd.registry.image import Mark
from dnsd.registry.intake import Intake
from dnsd.registry.kept import Kept, age_of, content_of
from dnsd.runtime.clock import Clock
from dnsd.store.keys import SCHEMA
from dnsd.store.reader import Position, Reader
from dnsd.store.record import BadRecord

_log = logging.getLogger("dnsd.mirror")


class Beginning:
    """Of the mirror that these make up. ``is_over``: the disk was asked; it is asked once."""

    def __init__(self, kept: Kept, intake: Intake, contact: Contact, clock: Clock) -> None:
        self.is_over = False
        self._kept = kept
        self._intake = intake
        self._contact = contact
        self._clock = clock

    async def beside(self, reader: Reader, position: Position) -> None:
        """The store stands at ``position``: take up what was compiled of its past, or serve what it has no more.

        Raises StoreUnavailable.
        """
        if self.is_over or not self._kept.is_possible:
            return
        if await self._kept.is_ahead_of(position):
            await self.alone()
        elif not self._intake.is_loaded:
            await self._resume(reader, position)
        self.is_over = True

    async def alone(self) -> None:
        """Serve what the disk kept."""
        self.is_over = True
        if self._intake.is_loaded:
            return
        with resting_collector():
            age = await self._serve_image()
            if age is None:
                age = await self._serve_snapshot()
        if age is None:
            return
        self._contact.age(age)
        inventory = self._intake.catalog.inventory
        records = sum(count.services + count.endpoints for count in inventory.counts.values())
        _log.warning("serving %d records that the disk kept, revision %d", records, self._intake.revision)

    async def _resume(self, reader: Reader, position: Position) -> None:
        mark = await self._kept.mark_before(position, self._intake.catalog.makings)
        bad: list[BadRecord] = []
        changes = None if mark is None else await changes_since(reader, mark.revision, bad)
        if mark is None or changes is None:
            return
        if not await self._take_up(mark, position.history, position.removed, changes, bad):
            return
        if not changes:
            self._kept.go_on(mark)
        _log.info("took up what was compiled as of revision %d, and %d changes since", mark.revision, len(changes))

    async def _serve_image(self) -> float | None:
        """How old what is served now is, in seconds; None when there is nothing compiled of the newest word."""
        mark = await self._kept.mark(self._intake.catalog.makings)
        since = None if mark is None else await self._kept.since(mark)
        if mark is None or since is None:
            return None
        if not await self._take_up(mark, mark.history, since.removed, since.changes, since.bad):
            return None
        return age_of(mark.epoch, since.written_at, self._clock.wall())

    async def _serve_snapshot(self) -> float | None:
        """The same from documents; None when there are none."""
        saved = await self._kept.read()
        if saved is None:
            return None
        await self._intake.serve(content_of(saved), saved.removed)
        return age_of(saved.epoch, saved.written_at, self._clock.wall())

    async def _take_up(
        self, mark: Mark, history: str, removed: int | None, changes: Sequence[Change], bad: list[BadRecord]
    ) -> bool:
        position = Position(mark.epoch, mark.revision, SCHEMA, history, "")
        try:
            with resting_collector():
                await self._intake.resume(position, self._kept.parts(mark), changes, bad, removed)
        except (OSError, ValueError, EOFError, TypeError, KeyError) as fault:
            _log.warning("what was compiled is of no use, it is compiled anew: %s", fault)
            return False
        return True
