"""The feed: compiled nodes on their way from control to the responders, progress and counts on their way back.

Control's side stands here, a responder's (``FeedReader``), and both in one process (``LocalFeed``), in ``source``.
Either end may be restarted at any time: control sends everything when it starts and when a responder says hello, a
responder says hello when it starts.

    to a responder   terms {field: value} · part load index nodes · loaded load · delta nodes · count question
    to control       hello · applied load revision · counts incarnation question {key: number}
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress

from dnsd.authority.table import Delta, Table
from dnsd.runtime.clock import Clock
from dnsd.runtime.counts import Counts, add
from dnsd.runtime.waiting import settle, settled
from dnsd.server.frames import feed_pair, packed
from dnsd.server.line import Line
from dnsd.server.source import FeedReader, LocalFeed

__all__ = ["Feed", "FeedReader", "LocalFeed", "feed_pair"]

COUNTS_SECONDS = 0.2


class Feed:
    """Tells all responders of this replica of changes to ``table``; one socket each, in ``ends``."""

    def __init__(self, ends: Sequence[socket.socket], table: Table, clock: Clock) -> None:
        self._table = table
        self._terms: dict[str, object] = {}
        self._lines = [Line(end, table, self._terms, clock, self._progressed) for end in ends]
        self._waiting: set[tuple[int, asyncio.Future[bool]]] = set()
        self._question = 0
        self._counted = asyncio.Event()

    def open(self) -> None:
        """Listen in the running loop, and send everything."""
        for line in self._lines:
            line.open()

    def close(self) -> None:
        """Listen and send no more; the sockets stay open."""
        for line in self._lines:
            line.close()

    def publish(self, delta: Delta) -> None:
        """Send a change."""
        if self._table.loaded:
            octets = packed(("delta", delta.pack()))
            for line in self._lines:
                line.publish(octets)

    def reload(self) -> None:
        """Send the whole table: it was changed whole."""
        for line in self._lines:
            line.load()

    def set_terms(self, terms: Mapping[str, object]) -> None:
        """Give all responders these fields of their terms, now and after their restart."""
        if all(key in self._terms and self._terms[key] == value for key, value in terms.items()):
            return
        self._terms.update(terms)
        octets = packed(("terms", dict(self._terms)))
        for line in self._lines:
            line.say(octets)

    async def applied(self, revision: int, within_seconds: float) -> bool:
        """True once every responder that is alive answers from ``revision`` or later; False if not within that time."""
        if self._reached() >= revision:
            return True
        waiting: tuple[int, asyncio.Future[bool]] = revision, asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            return await settled(waiting[1], within_seconds)
        finally:
            self._waiting.discard(waiting)

    async def counts(self) -> Counts:
        """What all responders have counted, as of now; of one that is busy, as of a second ago."""
        self._question += 1
        octets = packed(("count", self._question))
        alive = [line for line in self._lines if line.is_alive]
        for line in alive:
            line.say(octets)
        with suppress(TimeoutError):
            async with asyncio.timeout(COUNTS_SECONDS):
                while any(line.counts_answered < self._question for line in alive):
                    self._counted.clear()
                    await self._counted.wait()
        total: Counts = {("dnsd_dns_responders",): sum(line.is_alive for line in self._lines)}
        for line in self._lines:
            add(total, line.counts())
        return total

    def _reached(self) -> int:
        """The revision that all who are alive have applied; -1 when nobody is."""
        return min((line.applied for line in self._lines if line.is_alive), default=-1)

    def _progressed(self) -> None:
        self._counted.set()
        reached = self._reached()
        for revision, waiting in self._waiting:
            if revision <= reached:
                settle(waiting, True)
