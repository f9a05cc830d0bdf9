"""Writes back what a store has lost: set if absent, never what was deleted of late, leased records with a whole lease.

Without being asked only what ``held`` allows; everything when an operator says so (``dnsd store restore``).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence

from dnsd.codec.audit import Author, author_to_text
from dnsd.model.errors import StoreUnavailable
from dnsd.model.service import Endpoint, Service
from dnsd.registry.mirror import Mirror
from dnsd.runtime.clock import Clock
from dnsd.store import operations as stored
from dnsd.store.operations import Accepted
from dnsd.store.redis import Store

LOOK_SECONDS = 0.5
RETURNED_AT_ONCE = 500

_log = logging.getLogger("dnsd.refill")


class Refill:
    """Fills the store of this replica's mirror again."""

    def __init__(self, store: Store, mirror: Mirror, clock: Clock) -> None:
        self._store = store
        self._mirror = mirror
        self._clock = clock

    async def run(self) -> None:
        """For ever: write back what may be, as soon as the store takes it."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            values = self._mirror.held.may_return()
            if not values or not self._mirror.status().connected:
                continue
            try:
                counts = await self.restore(values)
            except StoreUnavailable as fault:
                _log.debug("nothing written back: %s", fault)
                continue
            _log.warning("the store had lost %d records: %s", len(values), _told(counts))

    async def restore_held(self, author: Author | None = None) -> Counter[str]:
        """Write back all that is held, permanent records too; counts by outcome."""
        return await self.restore(list(self._mirror.held.values.values()), author_to_text(author))

    async def restore(self, values: Iterable[Service | Endpoint], by: str = "") -> Counter[str]:
        """Put these where nothing stands; counts by outcome: created, unchanged (stands), skipped (was deleted).

        An implicit service comes with its endpoints. Raises StoreUnavailable.
        """
        counts: Counter[str] = Counter()
        real = _distinct(values)
        for at in range(0, len(real), RETURNED_AT_ONCE):
            counts.update(await self._restore_part(real[at : at + RETURNED_AT_ONCE], by))
        return counts

    async def _restore_part(self, values: Sequence[Service | Endpoint], by: str) -> list[str]:
        operations = [stored.restore(value) for value in values]
        answer = await self._store.write(operations, self._mirror.revision, by)
        assert isinstance(answer, Accepted)  # a restore is never refused
        outcomes = [result.outcome for result in answer.results]
        self._mirror.let_go(
            [value.key for value, outcome in zip(values, outcomes, strict=True) if outcome == "skipped"],
            [value.key for value, outcome in zip(values, outcomes, strict=True) if outcome == "unchanged"],
        )
        return list(outcomes)


def _distinct(values: Iterable[Service | Endpoint]) -> list[Service | Endpoint]:
    """Each once, services first, implicit ones left out."""
    distinct = {value.key: value for value in values if isinstance(value, Endpoint) or value.declared}
    return sorted(distinct.values(), key=lambda value: len(value.key))


def _told(counts: Counter[str]) -> str:
    return f"{counts['created']} written back, {counts['unchanged']} there already, {counts['skipped']} deleted since"
