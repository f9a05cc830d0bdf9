"""A replica in one process (``--workers 0``): control and a responder side by side; only the store is a child."""

from __future__ import annotations

import asyncio

from dnsd.app.control import Control, catalog_of
from dnsd.app.encrypted import Encrypted
from dnsd.app.ground import Ground
from dnsd.app.life import Fatal
from dnsd.app.responder import Responding
from dnsd.config import Settings
from dnsd.model.errors import DnsdError
from dnsd.runtime.clock import Clock
from dnsd.runtime.tasks import Tasks
from dnsd.server.address import Address
from dnsd.server.feed import LocalFeed


class Solo:
    """A replica of one process on this ground."""

    def __init__(self, settings: Settings, ground: Ground, clock: Clock) -> None:
        self._settings = settings
        self._ground = ground
        self._clock = clock
        self._control: Control | None = None
        self._responding: Responding | None = None
        self._tasks = Tasks("solo")

    @property
    def dns(self) -> tuple[Address, ...]:
        """Where DNS is served."""
        return self._ground.doors.addresses

    @property
    def admin(self) -> Address:
        """Where the admin API listens."""
        return self._ground.doors.admin_address

    async def start(self) -> None:
        """Open every socket, then start the store, control and the responder."""
        await self._ground.prepare()
        settings, ground, clock = self._settings, self._ground, self._clock
        catalog = catalog_of(settings)
        feed = LocalFeed(catalog.table)
        doors = ground.doors
        encrypted = None
        if doors.dot or doors.doh:
            encrypted = Encrypted(settings, doors.dot, doors.doh, catalog.table, clock)
        self._control = Control(settings, ground.store_url, doors.admin, catalog, feed, clock, encrypted)
        self._responding = Responding(settings, ground.doors.dns, feed, catalog.table, ground.cookie_secret, clock)
        await self._responding.start()  # it answers as soon as control has loaded something
        await self._control.start()

    async def ready(self) -> str:
        """Wait until it serves; returns what is not as it should be."""
        assert self._control is not None
        return await self._control.ready(self._settings.open_within_seconds)

    async def broken(self) -> DnsdError:
        """Wait until a part has ended with a fault: nobody in this process could start it again."""
        assert self._control is not None
        assert self._responding is not None
        waits = [
            self._tasks.start("control", self._fault_of(self._control.failed)),
            self._tasks.start("responder", self._fault_of(self._responding.failed)),
            self._tasks.start("store", self._ground.fault()),
        ]
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        fault: DnsdError = next(iter(done)).result()
        return fault

    async def reload(self) -> None:
        """Read the static zones again."""
        assert self._control is not None
        await self._control.reload()

    def is_well(self, within_seconds: float) -> bool:
        """True: who asks is the loop itself, whatever ``within_seconds``."""
        return True

    async def stop(self, lame_duck_seconds: float) -> None:
        """Answer for that long, then end, the store last of all."""
        await self._tasks.stop()
        parts = [part.stop(lame_duck_seconds) for part in (self._responding, self._control) if part is not None]
        await asyncio.gather(*parts)
        await self._ground.give_back()

    def kill(self) -> None:
        """Nothing: the store ends in order by itself when we are gone."""

    async def _fault_of(self, failed: asyncio.Event) -> Fatal:
        await failed.wait()
        return Fatal("a part has ended with a fault, which the log tells")
