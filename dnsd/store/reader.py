"""The mirror's own connection: where the store stands, everything in it, and every change from a revision on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

from dnsd.model.errors import StoreUnavailable
from dnsd.store.connections import Command, Reply, exchange
from dnsd.store.faults import translated, unavailable, whole
from dnsd.store.keys import Keys
from dnsd.store.place import Place

Entry = tuple[int, list[str]]
"""A stream entry: its revision, and fields and values in turn."""

READ_SECONDS = 3.0
"""The most that one answer may take; a server that stopped in the middle of one shows itself so."""
_RECORDS_AT_ONCE = 2000
_ENTRIES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Position:
    """Where the store stands. ``history``: its run id and replication id; another one means another past.

    ``removed``: so many endpoints were ever deleted or expired. ``adopted``: an operator said that what this epoch
    lacks up to this revision is rightly gone; None when nobody did.
    """

    epoch: str
    revision: int
    schema: int
    history: str
    role: str
    removed: int = 0
    adopted: int | None = None


class Reader:
    """One connection, no pool, no retries; after any StoreUnavailable it is of no more use but to be closed."""

    def __init__(self, place: Place, keys: Keys, met: Callable[[str], Awaitable[None]]) -> None:
        """``met`` is told the history of the server that it talks to, each time that it is seen."""
        self._place = place
        self._keys = keys
        self._met = met
        self._connection: AbstractConnection | None = None

    async def connect(self) -> None:
        """Open the connection."""
        with translated(self._place.text):
            async with asyncio.timeout(READ_SECONDS):
                self._connection = await self._place.connect()

    async def close(self) -> None:
        """Drop the connection; safe at any time."""
        if self._connection is not None:
            await self._connection.disconnect(nowait=True)
            self._connection = None

    async def position(self) -> Position:
        """Where the store stands now."""
        meta, server, replication = await self._call(
            ("HMGET", self._keys.meta, "epoch", "revision", "schema", "removed", "adopted"),
            ("INFO", "server"),
            ("INFO", "replication"),
        )
        facts = dict(line.split(":", 1) for line in f"{server}\n{replication}".splitlines() if ":" in line)
        role = facts.get("role", "")
        if self._place.needs_master and role != "master":  # demoted under a connection that was kept
            raise StoreUnavailable("read-only", f"the server at {self._place.text} is a {role} now, not the master")
        history = f"{facts.get('run_id', '')} {facts.get('master_replid', '')}"
        await self._met(history)
        of, _, at = (meta[4] or "").partition(" ")
        adopted = whole(at, "its adopted revision", self._place.text) if of and of == meta[0] else None
        told = zip(meta[1:4], ("revision", "schema", "removed"), strict=True)
        revision, schema, removed = (whole(text, f"its {what}", self._place.text) for text, what in told)
        return Position(meta[0] or "", revision, schema, history, role, removed, adopted)

    async def services(self) -> AsyncIterator[list[tuple[str, str]]]:
        """(member, line) of every service, in lists; one may come twice."""
        async for pairs in self._scan(self._keys.services):
            yield pairs

    async def endpoints(self) -> AsyncIterator[list[tuple[str, str]]]:
        """(member, line) of every endpoint, in lists; one may come twice."""
        async for pairs in self._scan(self._keys.endpoints):
            yield pairs

    async def changes(self, after: int, most: int = _ENTRIES_AT_ONCE) -> list[Entry]:
        """The next changes after a revision, at once; an empty list at the end."""
        (entries,) = await self._call(("XRANGE", self._keys.changes, f"{after + 1}-0", "+", "COUNT", most))
        return _read_entries(entries)

    async def await_changes(self, after: int, within_seconds: float) -> list[Entry]:
        """The next changes after a revision; waits for the first one, an empty list when none came."""
        block = max(1, int(within_seconds * 1000))
        read: Command = (
            "XREAD", "COUNT", _ENTRIES_AT_ONCE, "BLOCK", block, "STREAMS", self._keys.changes, f"{after}-0",
        )  # fmt: skip
        (streams,) = await self._call(read, within_seconds=within_seconds + READ_SECONDS)
        return _read_entries(streams[0][1]) if streams else []

    async def _scan(self, key: str) -> AsyncIterator[list[tuple[str, str]]]:
        cursor = "0"
        while True:
            ((cursor, flat),) = await self._call(("HSCAN", key, cursor, "COUNT", _RECORDS_AT_ONCE))
            yield list(zip(flat[::2], flat[1::2], strict=True))
            if cursor == "0":
                return

    async def _call(self, *commands: Command, within_seconds: float = READ_SECONDS) -> list[Reply]:
        if self._connection is None:
            await self.connect()
        assert self._connection is not None
        with translated(self._place.text):
            async with asyncio.timeout(within_seconds):
                replies = await exchange(self._connection, commands)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise unavailable(reply, self._place.text)
        return replies


def _read_entries(entries: Reply) -> list[Entry]:
    return [(int(entry_id.partition("-")[0]), fields) for entry_id, fields in entries]
