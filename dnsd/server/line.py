"""Control's view of one responder: what it is sent, how far it has come, what it has counted."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping

from dnsd.authority.table import Table, parts_of
from dnsd.runtime.clock import Clock
from dnsd.runtime.counts import GAUGES, Counts, add
from dnsd.server.frames import Inbox, Outbox, packed

NODES_A_PART = 160
"""As many as fill a frame; not more, because one node can have a thousand records."""
QUEUED_OCTETS_MOST = 32 << 20
"""A responder that is further behind loses what waits for it and is sent everything afresh."""
ALIVE_SECONDS = 3.0
"""Responders speak once a second; one that was not heard of for so long is waited for no more."""


class Line:
    """One responder's feed. ``on_progress`` is called when it has applied more, or answered a question."""

    def __init__(
        self,
        end: socket.socket,
        table: Table,
        terms: Mapping[str, object],
        clock: Clock,
        on_progress: Callable[[], None],
    ) -> None:
        self._end = end
        self._table = table
        self._terms = terms
        self._clock = clock
        self._on_progress = on_progress
        self._outbox, self._inbox = Outbox(end), Inbox(end)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._load_id = 0
        self._is_drawn = False
        self._awaits_room = False
        self._heard_at = float("-inf")
        self._incarnation = ""
        self._base: Counts = {}
        self._latest: Counts = {}
        self.applied = -1
        self.counts_answered = 0

    def open(self) -> None:
        """Listen, and send everything unasked: whoever was control before may have sent half of it."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._end.fileno(), self._read)
        self.load()

    def close(self) -> None:
        """Neither listen nor send any more. The socket stays open: it is the next control's."""
        if self._loop is not None:
            self._loop.remove_reader(self._end.fileno())
            self._loop.remove_writer(self._end.fileno())
            self._loop, self._awaits_room = None, False

    @property
    def is_alive(self) -> bool:
        """True when it was heard of lately."""
        return self._clock.monotonic() - self._heard_at < ALIVE_SECONDS

    def load(self) -> None:
        """Send the terms and the whole table, instead of all that waits."""
        self._load_id = secrets.randbits(62)
        self._is_drawn = False
        self.applied = -1
        self._outbox.put_load(self._load_messages(self._load_id))
        self._send()

    def publish(self, octets: bytes) -> None:
        """Send a packed delta. What a load that is not begun yet will bring anyway is left out."""
        if not self._is_drawn:
            return
        self._outbox.put(octets)
        if self._outbox.queued_octets > QUEUED_OCTETS_MOST:
            self.load()
        else:
            self._send()

    def say(self, octets: bytes) -> None:
        """Send a packed message that is no delta."""
        self._outbox.put(octets)
        self._send()

    def counts(self) -> Counts:
        """All that this responder and those before it have counted; what is, only while it is alive."""
        total: Counts = {}
        add(total, self._base)
        add(total, self._latest if self.is_alive else _without_gauges(self._latest))
        return total

    def _load_messages(self, load_id: int) -> Iterator[bytes]:
        yield packed(("terms", dict(self._terms)))
        if not self._table.loaded:
            return
        self._is_drawn = True
        for index, part in enumerate(parts_of(self._table, NODES_A_PART)):
            yield packed(("part", load_id, index, part))
        yield packed(("loaded", load_id))

    def _send(self) -> None:
        if self._loop is None:
            return
        try:
            self._outbox.send()
        except OSError:
            self.close()
            return
        if bool(self._outbox) is self._awaits_room:
            return
        self._awaits_room = not self._awaits_room
        if self._awaits_room:
            self._loop.add_writer(self._end.fileno(), self._send)
        else:
            self._loop.remove_writer(self._end.fileno())

    def _read(self) -> None:
        for kind, *rest in self._inbox.receive():
            self._heard_at = self._clock.monotonic()
            if kind == "hello":
                self.load()
            elif kind == "applied":
                self._take_progress(*rest)
            elif kind == "counts":
                self._take_counts(*rest)
        if self._inbox.is_ended:
            self.close()

    def _take_progress(self, load_id: int, revision: int) -> None:
        # An earlier load's progress says nothing of this one's, which may be of another store.
        if load_id == self._load_id:
            self.applied = revision
            self._on_progress()

    def _take_counts(self, incarnation: str, question: int, counts: Counts) -> None:
        if incarnation != self._incarnation:
            add(self._base, _without_gauges(self._latest))
            self._incarnation = incarnation
        self._latest = counts
        self.counts_answered = max(self.counts_answered, question)
        self._on_progress()


def _without_gauges(counts: Counts) -> Counts:
    return {key: number for key, number in counts.items() if key[0] not in GAUGES}
