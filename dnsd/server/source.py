"""Where a responder's table and terms come from: the feed of another process, or control in this one."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Mapping
from typing import Protocol

from dnsd.authority.form import Packed
from dnsd.authority.table import Delta, Loading, Table
from dnsd.runtime.clock import Clock
from dnsd.runtime.counts import Counts
from dnsd.runtime.tasks import Tasks
from dnsd.server.frames import Inbox, Message, Outbox, packed
from dnsd.server.garbage import Garbage
from dnsd.server.pages import Mover

REPORT_SECONDS = 1.0
QUEUED_OCTETS_MOST = 64 * 1024

TakeTerms = Callable[[Mapping[str, object]], None]
ReadCounts = Callable[[], Counts]
AnswerWaiting = Callable[[], None]


def nobody_waits() -> None:
    """What there is to answer where nobody asks."""


class Source(Protocol):
    """What a responder needs of it. ``loaded`` is set when the table is whole for the first time."""

    loaded: asyncio.Event

    def open(
        self, read_counts: ReadCounts, take_terms: TakeTerms, answer_waiting: AnswerWaiting = nobody_waits
    ) -> None:
        """Begin, in the running loop: ``take_terms`` is called with fields to change, ``read_counts`` for reports.

        ``answer_waiting`` is called between the steps of a change, so that no question waits for all of it.
        """

    def close(self) -> None:
        """End, with a last report."""


class FeedReader:
    """A responder's end of its feed: keeps ``table`` as control's is. ``end`` stays open for the next responder."""

    def __init__(self, end: socket.socket, table: Table, clock: Clock) -> None:
        self._end = end
        self._table = table
        self._clock = clock
        self._tasks = Tasks("feed")
        self._outbox, self._inbox = Outbox(end), Inbox(end)
        # Counts begin at nothing again with every process: control must know one from the next.
        self._incarnation = secrets.token_hex(8)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._garbage = Garbage()
        self._mover = Mover(clock)
        self._loading = Loading()
        self._load_id, self._next_index = 0, 0
        self._applied_load = 0
        self._has_news = False
        self.loaded = asyncio.Event()

    def open(
        self, read_counts: ReadCounts, take_terms: TakeTerms, answer_waiting: AnswerWaiting = nobody_waits
    ) -> None:
        """Ask for everything, and follow."""
        self._loop = asyncio.get_running_loop()
        self._read_counts, self._take_terms, self._answer_waiting = read_counts, take_terms, answer_waiting
        self._loop.add_reader(self._end.fileno(), self._read)
        self._say(("hello",))
        self._reporting = self._tasks.start("reports", self._report_on())

    def close(self) -> None:
        """Follow no more."""
        if self._loop is None:
            return
        self._reporting.cancel()
        self._mover.close()
        self._report(0)
        self._loop.remove_reader(self._end.fileno())
        self._loop.remove_writer(self._end.fileno())
        self._loop = None

    def _read(self) -> None:
        for message in self._inbox.receive():
            self._answer_waiting()  # to read it took as long as a step
            self._take(message)
        self._answer_waiting()
        self._tell_news()
        if self._inbox.is_ended and self._loop is not None:
            self._loop.remove_reader(self._end.fileno())

    def _take(self, message: Message) -> None:
        match message:
            case "delta", delta:
                # Without a whole table it changes nothing; the load that must follow brings it.
                if self._table.loaded:
                    for _ in self._table.apply_steps(delta):
                        self._answer_waiting()
                    self._garbage.change(len(delta[1]))
                    self._has_news = True
            case "part", int(load_id), int(index), part:
                self._take_part(load_id, index, part)
            case "loaded", int(load_id):
                self._take_load(load_id)
            case "terms", terms:
                self._take_terms(terms)
            case "count", int(question):
                self._report(question)

    def _take_part(self, load_id: int, index: int, part: Packed) -> None:
        if index == 0:
            self._garbage.begin_load()
            self._loading = Loading()
            self._load_id, self._next_index = load_id, 0
        if (load_id, index) == (self._load_id, self._next_index):
            self._loading.add(part)
            self._next_index += 1
        else:
            self._next_index = 0

    def _take_load(self, load_id: int) -> None:
        """Show the load, if all its parts have come: a former responder may have taken the first ones with it."""
        if load_id != self._load_id or not self._next_index:
            return
        self._table.replace(self._loading)
        self._loading = Loading()
        self._garbage.end_load()
        self._next_index = 0
        self._applied_load = load_id
        self._has_news = True
        self.loaded.set()
        self._mover.renew()
        self._mover.look(len(self._table.nodes))

    async def _report_on(self) -> None:
        while True:
            self._report(0)
            self._tell_news()
            if self._table.loaded:
                self._mover.look(len(self._table.nodes))
            await self._clock.sleep(REPORT_SECONDS)

    def _report(self, question: int) -> None:
        self._say(("counts", self._incarnation, question, self._read_counts()))

    def _tell_news(self) -> None:
        """Tell how far the table has come: once a turn, however many changes it brought."""
        if self._has_news:
            self._has_news = not self._say(("applied", self._applied_load, self._table.revision))

    def _say(self, message: Message) -> bool:
        """Tell control. False when so much waits for it already that this was left out: it is away."""
        if self._loop is None or self._outbox.queued_octets > QUEUED_OCTETS_MOST:
            return False
        self._outbox.put(packed(message))
        self._send()
        return True

    def _send(self) -> None:
        assert self._loop is not None
        try:
            self._outbox.send()
        except OSError:
            self._loop.remove_writer(self._end.fileno())
            return
        if self._outbox:
            self._loop.add_writer(self._end.fileno(), self._send)
        else:
            self._loop.remove_writer(self._end.fileno())


class LocalFeed:
    """Feed and source in one, when control and responder share a process and its table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._terms: dict[str, object] = {}
        self._take_terms: TakeTerms | None = None
        self._read_counts: ReadCounts = dict
        self.loaded = asyncio.Event()

    def open(
        self, read_counts: ReadCounts, take_terms: TakeTerms, answer_waiting: AnswerWaiting = nobody_waits
    ) -> None:
        """Begin."""
        self._read_counts, self._take_terms = read_counts, take_terms
        take_terms(self._terms)
        self.reload()

    def close(self) -> None:
        """End."""
        self._take_terms = None

    def publish(self, delta: Delta) -> None:
        """Nothing: the table is changed already."""

    def reload(self) -> None:
        """The table was changed whole."""
        if self._table.loaded:
            self.loaded.set()

    def set_terms(self, terms: Mapping[str, object]) -> None:
        """Give the responder these fields of its terms."""
        self._terms.update(terms)
        if self._take_terms is not None:
            self._take_terms(self._terms)

    async def applied(self, revision: int, within_seconds: float) -> bool:
        """True: what the catalog holds is what is answered."""
        return True

    async def counts(self) -> Counts:
        """What the responder has counted."""
        return {**self._read_counts(), ("dnsd_dns_responders",): 1}
