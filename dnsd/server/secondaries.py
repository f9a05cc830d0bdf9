"""Telling secondaries that a zone has changed (NOTIFY, RFC 1996): on change, bounded, again until they say so.

Invariant: a secondary is told of a change only when the responders answer from it, and at least once after the last
change, unless it stays silent through all tries.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from dnsd.authority.table import Delta, Table
from dnsd.codec.notify import acknowledged, notify_packet
from dnsd.model.names import Name, name_to_text, parent_of
from dnsd.runtime.clock import Clock
from dnsd.runtime.log import Once
from dnsd.runtime.tasks import Tasks
from dnsd.server.address import Address

BETWEEN_SECONDS = 1.0
"""Between two messages about one zone to one secondary."""
RETRY_SECONDS_LEAST = 2.0
RETRY_SECONDS_MOST = 60.0
TRIES_MOST = 8
"""Then only the next change, or the secondary's own refresh, brings it up to date."""
APPLIED_SECONDS = 2.0
_REPLY_OCTETS_MOST = 4096
_log = logging.getLogger("dnsd.notify")


@dataclass(frozen=True, slots=True)
class Secondary:
    """Where a secondary listens; ``key_name``: what messages to it are signed with, empty when they are not."""

    address: Address
    key_name: Name = b""


class Listening(Protocol):
    """Who must have applied a change before others are told: the feed to the responders."""

    def publish(self, delta: Delta) -> None:
        """These nodes changed."""

    def reload(self) -> None:
        """The table was changed whole."""

    async def applied(self, revision: int, within_seconds: float) -> bool:
        """True as soon as the responders answer from this revision."""


class Signing(Protocol):
    """Signs requests of ours."""

    def request(self, key_name: Name, packet: bytes, now: int) -> bytes:
        """The message, signed."""


class Secondaries:
    """An audience of the mirror that passes all on to ``feed`` and tells the secondaries afterwards."""

    def __init__(
        self, feed: Listening, table: Table, secondaries: Sequence[Secondary], keys: Signing | None, clock: Clock
    ) -> None:
        self._feed = feed
        self._table = table
        self._lines = [Line(each, table, keys, clock) for each in secondaries]
        self._changed: set[Name] = set()
        self._news = asyncio.Event()
        self._tasks = Tasks("notify")

    def publish(self, delta: Delta) -> None:
        """These nodes changed."""
        self._feed.publish(delta)
        if self._lines:
            self._tell(self._origin(owner) for owner, _ in delta.nodes)

    def reload(self) -> None:
        """The table was changed whole."""
        self._feed.reload()
        if self._table.loaded:
            self._tell(self._table.zones)

    async def applied(self, revision: int, within_seconds: float) -> bool:
        """True as soon as the responders answer from this revision."""
        return await self._feed.applied(revision, within_seconds)

    async def run(self) -> None:
        """For ever."""
        for line in self._lines:
            self._tasks.start(str(line.secondary.address), line.run())
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                changed, self._changed = self._changed, set()
                await self._feed.applied(self._table.revision, APPLIED_SECONDS)
                for line in self._lines:
                    line.change(changed)
        finally:
            await self._tasks.stop()

    def _tell(self, origins: Iterable[Name]) -> None:
        self._changed.update(origins)
        if self._changed and self._lines:
            self._news.set()

    def _origin(self, owner: Name) -> Name:
        while owner not in self._table.zones and len(owner) > 1:
            owner = parent_of(owner)
        return owner


@dataclass(slots=True)
class _Notice:
    """What one secondary is to be told of one zone. ``is_old``: the zone has changed since it was sent last."""

    due_at: float
    tries: int = 0
    ident: int = -1
    is_old: bool = False


class Line:
    """One secondary: what it has to be told, and has not acknowledged yet."""

    def __init__(self, secondary: Secondary, table: Table, keys: Signing | None, clock: Clock) -> None:
        self.secondary = secondary
        self._table = table
        self._keys = keys
        self._clock = clock
        self._notices: dict[Name, _Notice] = {}
        self._sent_at: dict[Name, float] = {}
        self._woken = asyncio.Event()
        self._socket: socket.socket | None = None
        self._once = Once(_log)

    def change(self, origins: Iterable[Name]) -> None:
        """These zones have changed."""
        for origin in origins:
            notice = self._notices.get(origin)
            if notice is None:
                self._notices[origin] = _Notice(self._next_at(origin))
            else:
                notice.is_old = True
        self._woken.set()

    async def run(self) -> None:
        """For ever: send what is due, then wait for what is next."""
        address = self.secondary.address
        with socket.socket(address.family, socket.SOCK_DGRAM) as self._socket:
            self._socket.setblocking(False)
            loop = asyncio.get_running_loop()
            loop.add_reader(self._socket.fileno(), self.read)
            try:
                while True:
                    self.send_due()
                    self._woken.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._wait_seconds()):
                            await self._woken.wait()
            finally:
                loop.remove_reader(self._socket.fileno())

    def send_due(self) -> None:
        """Send what is due now; give up what was tried often enough."""
        now = self._clock.monotonic()
        for origin, notice in list(self._notices.items()):
            if notice.due_at > now:
                continue
            if notice.tries >= TRIES_MOST or origin not in self._table.zones:
                del self._notices[origin]
                shown = name_to_text(origin)
                self._once.warning(shown, "%s does not answer: not told that %s changed", self.secondary.address, shown)
            else:
                self._send(origin, notice, now)

    def read(self) -> None:
        """Take what the secondary answered."""
        assert self._socket is not None
        try:
            packet, peer = self._socket.recvfrom(_REPLY_OCTETS_MOST)
        except OSError:
            return
        reply = acknowledged(packet) if peer[:2] == (self.secondary.address.host, self.secondary.address.port) else None
        if reply is None:
            return
        for origin, notice in list(self._notices.items()):
            if notice.ident == reply[0] and packet[12 : 12 + len(origin)].lower() == origin:
                self._settle(origin, notice, reply[1])

    def _settle(self, origin: Name, notice: _Notice, rcode: int) -> None:
        if rcode:
            shown = name_to_text(origin)
            self._once.warning(shown, "%s refuses to hear of %s: rcode %d", self.secondary.address, shown, rcode)
        del self._notices[origin]
        if notice.is_old:
            self.change((origin,))

    def _send(self, origin: Name, notice: _Notice, now: float) -> None:
        assert self._socket is not None
        notice.ident, notice.is_old = secrets.randbits(16), False
        notice.due_at = now + min(RETRY_SECONDS_MOST, RETRY_SECONDS_LEAST * 2**notice.tries)
        notice.tries += 1
        self._sent_at[origin] = now
        packet = notify_packet(notice.ident, origin, self._table.zones[origin].soa_answer.section)
        if self._keys is not None and self.secondary.key_name:
            packet = self._keys.request(self.secondary.key_name, packet, int(self._clock.wall()))
        with suppress(OSError):  # it is away, or the way to it; there is another try
            self._socket.sendto(packet, (self.secondary.address.host, self.secondary.address.port))

    def _next_at(self, origin: Name) -> float:
        return max(self._clock.monotonic(), self._sent_at.get(origin, float("-inf")) + BETWEEN_SECONDS)

    def _wait_seconds(self) -> float | None:
        if not self._notices:
            return None
        return max(0.0, min(notice.due_at for notice in self._notices.values()) - self._clock.monotonic())
