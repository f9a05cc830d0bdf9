"""A bounded number of connections to the store; several commands travel on one of them, in one go.

Commands that are called one by one while others are under way wait for those and then travel together: a thousand
writes a second are some hundred round trips, and the server syncs its file once for all that came in one piece.
"""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

from dnsd.runtime.tasks import Tasks
from dnsd.store.faults import slug_of, translated
from dnsd.store.place import Place

Command = Sequence[str | int]
Reply = Any
"""What RESP2 makes of a reply: text, number, list, None; a ResponseError stands for the command that it refused."""

_ELSEWHERE = {"read-only", "moved", "cluster-down"}
"""Refusals of a server that is not the one to talk to: its connection is not used again."""

IDLE_SECONDS = 30.0
"""A connection that nobody has needed for so long is closed: batches at once need one each, single writes share one."""

TOGETHER_OCTETS = 1 << 20
"""As many octets of commands travel together, and one command more."""


async def exchange(connection: AbstractConnection, commands: Sequence[Command]) -> list[Reply]:
    """Send the commands in one piece and read a reply to each. Raises what the client raises."""
    return await exchange_packed(connection, packed(commands), len(commands))


async def exchange_packed(connection: AbstractConnection, octets: bytes, count: int) -> list[Reply]:
    """The same for so many commands that are packed already."""
    await connection.send_packed_command(octets)
    replies: list[Reply] = []
    for _ in range(count):
        try:
            replies.append(await connection.read_response())
        except ResponseError as refusal:
            replies.append(refusal)
    return replies


def packed(commands: Sequence[Command]) -> bytes:
    """The commands as RESP arrays: as the client packs them, in a fifth of its time; a large batch has 8,000 words."""
    pieces: list[str] = []
    for command in commands:
        pieces.append(f"*{len(command)}\r\n")
        pieces += [
            f"${len(word) if word.isascii() else len(word.encode())}\r\n{word}\r\n" for word in map(str, command)
        ]
    return "".join(pieces).encode()


@dataclass(slots=True)
class _Call:
    """One command on its way: packed, where its reply goes, and until when, by the loop's time."""

    octets: bytes
    reply: asyncio.Future[Reply]
    until: float


def _give_up(together: Iterable[_Call], fault: Exception) -> None:
    for call in together:
        if not call.reply.done():
            call.reply.set_exception(fault)


class Connections:
    """Connections that come and go as they are needed, at most so many; who finds none waits for one."""

    def __init__(self, place: Place, connections_most: int) -> None:
        self._place = place
        self._free = asyncio.Semaphore(connections_most)
        self._idle: deque[tuple[float, AbstractConnection]] = deque()
        """Since when, by the loop's time; the one that was used last is used next."""
        self._history = ""
        self._lets_go = 0
        """So often all connections were let go of: one that was under way then does not come back."""
        self._single: deque[_Call] = deque()
        self._tasks = Tasks("store")
        self._is_carrying = False

    async def call(self, commands: Sequence[Command], within_seconds: float) -> list[Reply]:
        """A reply to each command, in order. Raises StoreUnavailable."""
        with translated(self._place.text):
            if len(commands) == 1:
                return [await self._carried(commands[0], within_seconds)]
            async with asyncio.timeout(within_seconds), self._free:
                return await self._call(commands)

    async def meet(self, history: str) -> None:
        """Behind another history there is another server: no connection of now is used again.

        A master that was stopped, and woke after its failover, still calls itself one on connections of before, and
        takes what nobody will ever see (faults.md 13).
        """
        if history != self._history:
            self._history = history
            await self._let_go()

    async def close(self) -> None:
        """Let go of every connection."""
        await self._tasks.stop()
        await self._let_go()

    async def _let_go(self) -> None:
        self._lets_go += 1
        while self._idle:
            await self._idle.pop()[1].disconnect(nowait=True)

    async def _carried(self, command: Command, within_seconds: float) -> Reply:
        """The reply to a command that travels with the others of its time. Who gives up before is not sent."""
        loop = asyncio.get_running_loop()
        call = _Call(packed((command,)), loop.create_future(), loop.time() + within_seconds)
        self._single.append(call)
        if not self._is_carrying:
            self._is_carrying = True
            self._tasks.start("carry", self._carry())
        timer = loop.call_at(call.until, _give_up, (call,), TimeoutError())
        try:
            return await call.reply
        finally:
            timer.cancel()

    async def _carry(self) -> None:
        """Send what waits, together, until nothing does."""
        together: list[_Call] = []
        try:
            while together := self._next_together():
                try:
                    async with asyncio.timeout_at(max(call.until for call in together)), self._free:
                        replies = await self._call_packed(b"".join(call.octets for call in together), len(together))
                except (RedisError, OSError) as fault:
                    _give_up(together, fault)
                else:
                    for call, reply in zip(together, replies, strict=True):
                        if not call.reply.done():
                            call.reply.set_result(reply)
        finally:
            self._is_carrying = False
            _give_up((*together, *self._single), ConnectionError("the store is let go of"))

    def _next_together(self) -> list[_Call]:
        together: list[_Call] = []
        octets = 0
        while self._single and octets < TOGETHER_OCTETS:
            call = self._single.popleft()
            if not call.reply.done():
                together.append(call)
                octets += len(call.octets)
        return together

    async def _call(self, commands: Sequence[Command]) -> list[Reply]:
        return await self._call_packed(packed(commands), len(commands))

    async def _call_packed(self, octets: bytes, count: int) -> list[Reply]:
        taken_at = self._lets_go
        connection = await self._take()
        is_sound = False
        try:
            replies = await exchange_packed(connection, octets, count)
            is_elsewhere = any(isinstance(reply, ResponseError) and slug_of(reply) in _ELSEWHERE for reply in replies)
            is_sound = taken_at == self._lets_go and not is_elsewhere
            return replies
        finally:
            # A cancelled exchange leaves replies unread, a server that is no master must be looked up anew.
            if is_sound:
                await self._give_back(connection)
            else:
                await connection.disconnect(nowait=True)

    async def _take(self) -> AbstractConnection:
        while self._idle:
            _, connection = self._idle.pop()
            if connection.is_connected and not await _has_ended(connection):
                return connection
            await connection.disconnect(nowait=True)
        return await self._place.connect()

    async def _give_back(self, connection: AbstractConnection) -> None:
        now = asyncio.get_running_loop().time()
        self._idle.append((now, connection))
        while self._idle and now - self._idle[0][0] > IDLE_SECONDS:
            await self._idle.popleft()[1].disconnect(nowait=True)


async def _has_ended(connection: AbstractConnection) -> bool:
    """True when the server closed it meanwhile, or sent what nobody asked for, seen by the loop already or not."""
    try:
        if await connection.can_read():
            return True
    except (OSError, ConnectionError):
        return True
    writer = connection._writer
    number = -1 if writer is None else writer.get_extra_info("socket").fileno()
    if number < 0:
        return True
    waiting = select.poll()
    waiting.register(number, select.POLLIN)
    return bool(waiting.poll(0))
