"""The main function of a child process: take the orders, be that part, talk to the parent, end with it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from typing import TYPE_CHECKING, Protocol

from dnsd.app.channel import EXIT_FATAL, Channel, Message
from dnsd.app.orders import Orders, take
from dnsd.model.errors import InvalidSetting, StoreUnavailable
from dnsd.runtime import log
from dnsd.runtime.clock import Clock, SystemClock
from dnsd.runtime.tasks import Tasks
from dnsd.runtime.turns import take_short_turns

if TYPE_CHECKING:
    from dnsd.app.encrypted import Encrypted
    from dnsd.authority.table import Table

_log = logging.getLogger("dnsd.app")

BEAT_SECONDS = 0.5


class Part(Protocol):
    """What a child is: control or a responder."""

    @property
    def failed(self) -> asyncio.Event:
        """Set when it cannot go on."""

    async def start(self) -> None:
        """Begin. Raises InvalidSetting, StoreUnavailable for what no restart mends."""

    async def ready(self, within_seconds: float) -> str:
        """Wait until it serves; returns what is not as it should be when it takes longer."""

    async def reload(self) -> None:
        """Read files again."""

    async def stop(self, lame_duck_seconds: float) -> None:
        """Serve for that long, then end in order."""


class Child:
    """One part and its channel to the parent."""

    def __init__(self, orders: Orders, clock: Clock) -> None:
        self._orders = orders
        self._clock = clock
        self._tasks = Tasks(orders.role)
        self._leaving = asyncio.Event()
        self._lame_duck_seconds = 0.0
        self._part: Part | None = None
        # The parent is gone: so are we, even where the kernel does not see to it.
        self._channel = Channel(orders.channel, self._hear, lambda: os._exit(1))

    async def run(self) -> int:
        """Until the parent says stop (0), a part fails (1), or a fault that no restart mends (EXIT_FATAL)."""
        self._tasks.start("beat", self._beat())
        try:
            self._part = build(self._orders, self._clock)
            await self._part.start()
        except (InvalidSetting, StoreUnavailable) as fault:
            self._channel.say("fatal", text=str(fault), is_setting=isinstance(fault, InvalidSetting))
            return EXIT_FATAL
        self._tasks.start("ready", self._tell_ready(self._part))
        failing = self._tasks.start("failing", self._part.failed.wait())
        leaving = self._tasks.start("leaving", self._leaving.wait())
        await asyncio.wait({failing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            return 1
        await self._part.stop(self._lame_duck_seconds)
        await self._tasks.stop()
        return 0

    async def _beat(self) -> None:
        while True:
            self._channel.say("beat")
            await self._clock.sleep(BEAT_SECONDS)

    async def _tell_ready(self, part: Part) -> None:
        self._channel.say("ready", note=await part.ready(self._orders.settings.open_within_seconds))

    def _hear(self, message: Message) -> None:
        if message["says"] == "stop":
            self._lame_duck_seconds = message["lame_duck_seconds"]
            self._leaving.set()
        elif message["says"] == "reload" and self._part is not None:
            self._tasks.start("reload", self._reload(self._part))

    async def _reload(self, part: Part) -> None:
        await part.reload()
        self._channel.say("reloaded")


def build(orders: Orders, clock: Clock) -> Part:
    """The part that the orders ask for. Imports happen here: a responder has no use for HTTP and Redis."""
    if orders.role == "control":
        from dnsd.app.control import Control, catalog_of
        from dnsd.server.feed import Feed

        catalog = catalog_of(orders.settings)
        feed = Feed([socket.socket(fileno=end) for end in orders.feeds], catalog.table, clock)
        feed.open()
        admin = socket.socket(fileno=orders.admin)
        encrypted = _encrypted(orders, catalog.table, clock)
        return Control(orders.settings, orders.store_url, admin, catalog, feed, clock, encrypted)
    take_short_turns()
    from dnsd.app.responder import Responding
    from dnsd.authority.table import Table
    from dnsd.runtime.precedence import Precedence
    from dnsd.server.feed import FeedReader
    from dnsd.server.sockets import adopt

    table, settings = Table(), orders.settings
    reader = FeedReader(socket.socket(fileno=orders.feeds[0]), table, clock)
    sockets = adopt(orders.dns, settings.workers)
    precedence = Precedence(clock, settings.workers)
    return Responding(settings, sockets, reader, table, bytes.fromhex(orders.cookie_secret), clock, precedence)


def _encrypted(orders: Orders, table: Table, clock: Clock) -> Encrypted | None:
    """The doors for DNS that are control's own; None when there are none, which spares it the query path's imports."""
    if not (orders.dot or orders.doh):
        return None
    from dnsd.app.encrypted import Encrypted

    dot, doh = ([socket.socket(fileno=end) for end in ends] for ends in (orders.dot, orders.doh))
    return Encrypted(orders.settings, dot, doh, table, clock)


def main(descriptor: int) -> int:
    """Be the child that the orders in this pipe ask for."""
    orders = take(descriptor)
    if os.getppid() != orders.parent:
        return 1
    # These come to the whole process group or to every process of our name; only the parent acts on them.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    log.set_up(orders.settings.log_level, orders.settings.log_format)

    async def live() -> int:
        return await Child(orders, SystemClock()).run()

    return asyncio.run(live())
