"""Heartbeats: leases renewed in the store, or remembered while it is away and stored first when it is back.

A renewal that could not be stored is answered all the same, as such: no panic, no herd, and no promise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dnsd.model.errors import StoreUnavailable
from dnsd.model.service import EndpointKey
from dnsd.registry.mirror import Mirror
from dnsd.store.redis import Store

REMEMBERED_MOST = 100_000
_STORED_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Renewals:
    """``renewed``: keys with the seconds their lease has now (None: permanent, or not known while the store is away).

    ``unknown``: to be registered again; ``deleted``: gone on purpose; ``stored`` False: remembered, not promised.
    """

    renewed: tuple[tuple[EndpointKey, int | None], ...]
    unknown: tuple[EndpointKey, ...]
    deleted: tuple[EndpointKey, ...]
    stored: bool
    revision: int


class Leases:
    """Renewals of this replica."""

    def __init__(self, store: Store, mirror: Mirror) -> None:
        self._store = store
        self._mirror = mirror
        self._remembered: dict[EndpointKey, None] = {}

    @property
    def remembered(self) -> int:
        """So many renewals wait for the store."""
        return len(self._remembered)

    async def renew(self, keys: Sequence[EndpointKey]) -> Renewals:
        """Renew these leases. Never raises for a store that is away."""
        try:
            states = await self._store.renew(keys)
        except StoreUnavailable:
            self.remember(keys)
            renewed = tuple((key, self._length(key)) for key in keys)
            return Renewals(renewed, (), (), False, self._mirror.revision)
        stated = list(zip(keys, states, strict=True))
        return Renewals(
            renewed=tuple(
                (key, None if state == "permanent" else state)
                for key, state in stated
                if state != "unknown" and state != "deleted"
            ),
            unknown=tuple(key for key, state in stated if state == "unknown"),
            deleted=tuple(key for key, state in stated if state == "deleted"),
            stored=True,
            revision=self._mirror.revision,
        )

    async def remaining_seconds(self, keys: Sequence[EndpointKey]) -> dict[EndpointKey, int | None]:
        """What is left of each lease, None for none; {} while the store is away."""
        try:
            remaining = await self._store.remaining_seconds(keys)
        except StoreUnavailable:
            return {}
        return dict(zip(keys, remaining, strict=True))

    def remember(self, keys: Sequence[EndpointKey]) -> None:
        """Keep heartbeats that could not be stored, a bounded number."""
        for key in keys:
            if len(self._remembered) < REMEMBERED_MOST:
                self._remembered[key] = None

    async def store_remembered(self) -> None:
        """Store what was remembered; the ticker does so before it settles. Raises StoreUnavailable, losing nothing."""
        while self._remembered:
            keys = list(self._remembered)[:_STORED_AT_ONCE]
            await self._store.renew(keys)
            for key in keys:
                self._remembered.pop(key, None)

    def _length(self, key: EndpointKey) -> int | None:
        endpoint = self._mirror.catalog.inventory.endpoint(key)
        return endpoint.lease_seconds if endpoint else None
