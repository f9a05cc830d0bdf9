"""The parent of a replica's processes: small, so that little in it can fail. Imports no HTTP, no Redis."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from dataclasses import replace

from dnsd.app.ground import Ground
from dnsd.app.orders import Orders
from dnsd.app.process import Process
from dnsd.config import Settings
from dnsd.model.errors import DnsdError
from dnsd.runtime.clock import Clock
from dnsd.runtime.tasks import Tasks
from dnsd.server.address import Address
from dnsd.server.frames import feed_pair


class Parent:
    """A replica of several processes on this ground."""

    def __init__(self, settings: Settings, ground: Ground, clock: Clock) -> None:
        self._settings = settings
        self._ground = ground
        self._clock = clock
        self._feeds: list[tuple[socket.socket, socket.socket]] = []
        self._processes: list[Process] = []
        self._tasks = Tasks("parent")
        self._fault = asyncio.get_running_loop().create_future()

    @property
    def dns(self) -> tuple[Address, ...]:
        """Where DNS is served."""
        return self._ground.doors.addresses

    @property
    def admin(self) -> Address:
        """Where the admin API listens."""
        return self._ground.doors.admin_address

    async def start(self) -> None:
        """Open every socket, then start store, control and responders."""
        await self._ground.prepare()
        self._tasks.start("store", self._watch_store())
        self._feeds = [feed_pair() for _ in range(self._settings.workers)]
        self._processes = [Process(name, orders, self._clock, self._end) for name, orders in self._orders(self._ground)]
        for process in self._processes:
            process.start()

    async def ready(self) -> str:
        """Wait until every process serves; returns what is not as it should be, control's word first."""
        for process in self._processes:
            await process.ready.wait()
        return next((process.note for process in self._processes if process.note), "")

    async def broken(self) -> DnsdError:
        """Wait until something has ended for good."""
        fault: DnsdError = await asyncio.shield(self._fault)
        return fault

    async def reload(self) -> None:
        """Let control read the static zones again."""
        await self._processes[0].reload()

    def is_well(self, within_seconds: float) -> bool:
        """True when every process lives and turns its loop."""
        return all(process.is_well(within_seconds) for process in self._processes)

    async def stop(self, lame_duck_seconds: float) -> None:
        """Let all answer for that long and end, the store last of all."""
        await self._tasks.stop()
        await asyncio.gather(*(process.stop(lame_duck_seconds) for process in self._processes))
        for pair in self._feeds:
            for end in pair:
                end.close()
        await self._ground.give_back()

    def kill(self) -> None:
        """End all but the store, which ends in order by itself when we are gone."""
        for process in self._processes:
            process.kill()

    def _orders(self, ground: Ground) -> list[tuple[str, Orders]]:
        plain = Orders(
            role="control",
            settings=self._settings,
            parent=os.getpid(),
            store_url=ground.store_url,
            cookie_secret=ground.cookie_secret.hex(),
        )
        ends = tuple(controls.fileno() for controls, _ in self._feeds)
        doors = ground.doors
        dot, doh = (tuple(listener.fileno() for listener in listeners) for listeners in (doors.dot, doors.doh))
        control = replace(plain, feeds=ends, admin=doors.admin.fileno(), dot=dot, doh=doh)
        dns = tuple(door.descriptors for door in doors.dns)
        responders = [
            replace(plain, role="responder", store_url="", feeds=(responders.fileno(),), dns=dns)
            for _, responders in self._feeds
        ]
        named = [(f"responder-{number}", orders) for number, orders in enumerate(responders, 1)]
        return [("control", control), *named]

    async def _watch_store(self) -> None:
        self._end(await self._ground.fault())

    def _end(self, fault: DnsdError) -> None:
        with suppress(asyncio.InvalidStateError):
            self._fault.set_result(fault)
