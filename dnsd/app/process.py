"""One child process as the parent sees it: started with its orders, heard over its channel, started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import dnsd
from dnsd.app.channel import EXIT_FATAL, Channel, Message
from dnsd.app.life import Fatal
from dnsd.app.orders import Orders, post
from dnsd.model.errors import DnsdError, InvalidSetting
from dnsd.runtime.clock import Clock
from dnsd.runtime.supervise import Supervised, launch

_END_GRACE_SECONDS = 8.0
_NOT_FOR_CHILDREN = ("DNSD_", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_")


class Process:
    """A responder or control. ``on_fatal`` is told why it cannot be started again."""

    def __init__(self, name: str, orders: Orders, clock: Clock, on_fatal: Callable[[DnsdError], None]) -> None:
        self.name = name
        self.note = ""
        self.ready = asyncio.Event()
        self._orders = orders
        self._clock = clock
        self._on_fatal = on_fatal
        self._fatal: DnsdError = Fatal(f"{name} ended and did not say why")
        self._beaten_at = clock.monotonic()
        self._channel: Channel | None = None
        self._reloaded = asyncio.Event()
        self._child = Supervised(
            name,
            self._launch,
            clock,
            final_codes=(EXIT_FATAL,),
            on_final=lambda code: self._on_fatal(self._fatal),
            on_end=self._see_end,
        )

    @property
    def pid(self) -> int | None:
        """Its process id while it lives."""
        return self._child.pid

    def start(self) -> None:
        """Launch it, and again whenever it ends."""
        self._child.start()

    def is_well(self, within_seconds: float) -> bool:
        """True when it lives and its loop has turned within so many seconds."""
        return self.pid is not None and self._clock.monotonic() - self._beaten_at <= within_seconds

    async def reload(self) -> None:
        """Let it read its files again; returns when it has, or when it has ended (it reads them at its start)."""
        if self._channel is not None and self.pid is not None:
            self._reloaded.clear()
            self._channel.say("reload")
            await self._reloaded.wait()

    async def stop(self, lame_duck_seconds: float) -> None:
        """Let it serve for that long and end in order; killed when it takes much longer."""
        if self._channel is not None:
            self._channel.say("stop", lame_duck_seconds=lame_duck_seconds)
        await self._child.stop(None, lame_duck_seconds + _END_GRACE_SECONDS)
        self._see_end()

    def kill(self) -> None:
        """End it at once."""
        self._child.send(signal.SIGKILL)

    def _launch(self) -> subprocess.Popen[bytes]:
        ours, theirs = socket.socketpair()
        orders = replace(self._orders, channel=theirs.fileno())
        pipe = post(orders)
        try:
            process = launch(
                [sys.executable, "-P", "-m", "dnsd.app", orders.role, str(pipe)],
                pass_fds=(pipe, *orders.descriptors()),
                environ=child_environment(os.environ),
                gives_way=orders.role == "control",
            )
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(pipe)
            theirs.close()
        self._beaten_at = self._clock.monotonic()
        self._channel = Channel(ours.detach(), self._hear)
        return process

    def _hear(self, message: Message) -> None:
        match message["says"]:
            case "beat":
                self._beaten_at = self._clock.monotonic()
            case "ready":
                self.note = str(message["note"])
                self.ready.set()
            case "reloaded":
                self._reloaded.set()
            case "fatal":
                fault = InvalidSetting if message["is_setting"] else Fatal
                self._fatal = fault(str(message["text"]))

    def _see_end(self) -> None:
        if self._channel is not None:
            self._channel.drain()  # its last words
            self._channel.close()
        self._reloaded.set()


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Our environment without settings (they may be secret) and without the service manager, and with our code."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_NOT_FOR_CHILDREN)}
    ours = str(Path(dnsd.__file__).parents[1])
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (ours, environ.get("PYTHONPATH"))))}
