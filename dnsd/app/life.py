"""A replica's life as the outside sees it: ready line, signals, reload, lame duck, and words to the service manager."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from typing import Protocol

from dnsd.config import Settings
from dnsd.model.errors import DnsdError
from dnsd.runtime.clock import Clock
from dnsd.runtime.notify import Notifier
from dnsd.runtime.tasks import Tasks
from dnsd.server.address import Address

_log = logging.getLogger("dnsd")

_PINGS_A_WATCHDOG = 3


class Fatal(DnsdError):
    """The replica cannot go on; one line for people."""


class Replica(Protocol):
    """What :class:`Life` leads: a parent with its children, or everything in one process."""

    @property
    def dns(self) -> tuple[Address, ...]:
        """Where DNS is served, once started."""

    @property
    def admin(self) -> Address:
        """Where the admin API listens, once started."""

    async def start(self) -> None:
        """Open the sockets and start the parts. Raises InvalidSetting, StoreUnavailable."""

    async def ready(self) -> str:
        """Wait until it serves; returns what is not as it should be, or nothing."""

    async def broken(self) -> DnsdError:
        """Wait until it cannot go on."""

    async def reload(self) -> None:
        """Read the static zones again."""

    def is_well(self, within_seconds: float) -> bool:
        """True when every part lives and has turned its loop within so many seconds."""

    async def stop(self, lame_duck_seconds: float) -> None:
        """Answer for that long while being not ready, then end in order."""

    def kill(self) -> None:
        """End what is ours at once."""


class Life:
    """From start to end of one replica. ``watchdog_seconds``: how often the service manager wants to hear of us."""

    def __init__(
        self,
        replica: Replica,
        settings: Settings,
        clock: Clock,
        notifier: Notifier,
        watchdog_seconds: float | None,
        show: Callable[[str], None],
    ) -> None:
        self._replica = replica
        self._settings = settings
        self._clock = clock
        self._notifier = notifier
        self._watchdog_seconds = watchdog_seconds
        self._show = show
        self._tasks = Tasks("life")
        self._leaving = asyncio.Event()
        self._reloading = asyncio.Event()
        self._is_ready = False

    async def run(self) -> int:
        """Live until a signal; returns the exit status. Raises a DnsdError when it cannot go on."""
        self._listen()
        try:
            await self._replica.start()
            fault = await self._serve()
        except BaseException:
            await self._replica.stop(0)
            raise
        finally:
            await self._tasks.stop()
        if fault is not None:
            await self._replica.stop(0)
            raise fault
        return 0

    async def _serve(self) -> DnsdError | None:
        """Until we are asked to leave and have left, or something is broken for good."""
        breaking = self._tasks.start("broken", self._replica.broken())
        leaving = self._tasks.start("leave", self._leaving.wait())
        self._tasks.start("ready", self._become_ready())
        self._tasks.start("reload", self._reload_when_asked())
        if self._watchdog_seconds is not None:
            self._tasks.start("watchdog", self._ping(self._watchdog_seconds))
        await asyncio.wait({breaking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if breaking.done():
            fault: DnsdError = breaking.result()
            return fault
        lame_duck = self._settings.lame_duck_seconds if self._is_ready else 0
        self._notifier.stopping(f"leaving, answers for {lame_duck:g} s more")
        _log.info("leaving: not ready any more, answers for %g s", lame_duck)
        await self._replica.stop(lame_duck)
        return None

    async def _become_ready(self) -> None:
        note = await self._replica.ready()
        self._is_ready = True
        if note:
            _log.warning("ready, but %s", note)
        self._notifier.ready(note or "answering")
        settings = self._settings
        self._show(ready_line(self._replica.dns, self._replica.admin, settings.zone[0], settings.tls_cert is not None))

    async def _reload_when_asked(self) -> None:
        while True:
            await self._reloading.wait()
            self._reloading.clear()
            self._notifier.reloading(self._clock.monotonic())
            await self._replica.reload()
            self._notifier.ready("answering")

    async def _ping(self, watchdog_seconds: float) -> None:
        while True:
            if self._replica.is_well(watchdog_seconds / 2):
                self._notifier.watchdog()
            await self._clock.sleep(watchdog_seconds / _PINGS_A_WATCHDOG)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._leave)
        loop.add_signal_handler(signal.SIGHUP, self._reloading.set)

    def _leave(self) -> None:
        if self._leaving.is_set():
            self._replica.kill()
            os._exit(1)  # a second signal: at once
        self._leaving.set()


def ready_line(dns: tuple[Address, ...], admin: Address, zone: str, has_tls: bool = False) -> str:
    """The one line that says where we are and what to try."""
    first = dns[0]
    asked = ("::1" if ":" in first.host else "127.0.0.1") if first.is_wildcard else first.host
    port = "" if first.port == 53 else f" -p {first.port}"
    places = ", ".join(map(str, dns))
    scheme = "https" if has_tls else "http"
    return f"dnsd ready: dns {places}, admin {scheme}://{admin} — try: dig @{asked}{port} dns-version.{zone} TXT +short"
