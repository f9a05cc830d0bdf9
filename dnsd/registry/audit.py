"""Who wrote what, as the store keeps it: the last ten thousand or so, of all replicas."""

from __future__ import annotations

from dnsd.codec.audit import entry_document
from dnsd.store.redis import Store


class Audit:
    """The audit of the registry."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, most: int, before: str = "") -> list[dict[str, object]]:
        """The newest entries as documents, at most so many, before the one with this id. Raises StoreUnavailable."""
        return [entry_document(identifier, fields) for identifier, fields in await self._store.audit(most, before)]
