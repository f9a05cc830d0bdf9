"""A bounded number of connections to the store; several commands travel on one of them, in one go."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

from dnsd.store.faults import slug_of, translated
from dnsd.store.place import Place

Command = Sequence[str | bytes | int]
Reply = Any
"""What RESP2 makes of a reply: text, number, list, None; a ResponseError stands for the command that it refused."""

_ELSEWHERE = {"read-only", "moved", "cluster-down"}
"""Refusals of a server that is not the one to talk to: its connection is not used again."""


async def exchange(connection: AbstractConnection, commands: Sequence[Command]) -> list[Reply]:
    """Send the commands in one piece and read a reply to each. Raises what the client raises."""
    await connection.send_packed_command(packed(commands))
    replies: list[Reply] = []
    for _ in commands:
        try:
            replies.append(await connection.read_response())
        except ResponseError as refusal:
            replies.append(refusal)
    return replies


def packed(commands: Sequence[Command]) -> bytes:
    """The commands as RESP arrays: as the client packs them, in a third of its time; a large batch has 5,000 words."""
    pieces: list[bytes] = []
    for command in commands:
        pieces.append(b"*%d\r\n" % len(command))
        for word in command:
            octets = word if isinstance(word, bytes) else str(word).encode()
            pieces.append(b"$%d\r\n%b\r\n" % (len(octets), octets))
    return b"".join(pieces)


class Connections:
    """Connections that come and go as they are needed, at most so many; who finds none waits for one."""

    def __init__(self, place: Place, connections_most: int) -> None:
        self._place = place
        self._free = asyncio.Semaphore(connections_most)
        self._idle: list[AbstractConnection] = []

    async def call(self, commands: Sequence[Command], within_seconds: float) -> list[Reply]:
        """A reply to each command, in order. Raises StoreUnavailable."""
        with translated(self._place.text):
            async with asyncio.timeout(within_seconds), self._free:
                return await self._call(commands)

    async def close(self) -> None:
        """Let go of every connection."""
        while self._idle:
            await self._idle.pop().disconnect(nowait=True)

    async def _call(self, commands: Sequence[Command]) -> list[Reply]:
        connection = await self._take()
        is_sound = False
        try:
            replies = await exchange(connection, commands)
            is_sound = not any(isinstance(reply, ResponseError) and slug_of(reply) in _ELSEWHERE for reply in replies)
            return replies
        finally:
            # A cancelled exchange leaves replies unread, a server that is no master must be looked up anew.
            if is_sound:
                self._idle.append(connection)
            else:
                await connection.disconnect(nowait=True)

    async def _take(self) -> AbstractConnection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_connected and not await _has_ended(connection):
                return connection
            await connection.disconnect(nowait=True)
        return await self._place.connect()


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
