"""The embedded store: a private Redis or Valkey server as our child, started again when it ends.

``Invariant:`` what was acknowledged is on disk (``appendfsync always``), and one server at a time uses the directory:
the lock is held by us and, inherited, by the server, so that it is free only when both are gone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote

from dnsd.model.errors import StoreUnavailable
from dnsd.runtime.clock import Clock
from dnsd.runtime.supervise import Lines, Supervised, launch
from dnsd.runtime.tasks import Tasks
from dnsd.store.binary import Binary, binary_for
from dnsd.store.directory import Directory, socket_path, unusable

_log = logging.getLogger("dnsd.store.embedded")

_PING_EVERY_SECONDS = 0.02
_PING_WITHIN_SECONDS = 1.0
_STOP_WITHIN_SECONDS = 10.0
_COMPLAINTS_KEPT = 8
_FREE_OCTETS_LEAST = 1 << 20
_LINE = re.compile(r"\d+:[A-Z] \d+ \w+ \d+ [\d:.]+ ([.*#-]) (.*)")  # pid:role day month year time level message
_LEVELS = {"#": logging.WARNING, "*": logging.INFO}


class EmbeddedStore:
    """The server of ``directory``, from :meth:`start` to :meth:`stop`.

    ``socket_bases``: directories for its socket, the best first. ``search_path``: where programs are looked for (PATH).
    """

    def __init__(
        self, directory: str, socket_bases: Sequence[str], clock: Clock, search_path: str | None = None
    ) -> None:
        self._directory = Directory(directory, clock)
        self._socket_bases = socket_bases
        self._search_path = search_path
        self._clock = clock
        self._binary: Binary | None = None
        self._socket = ""
        self._lines: Lines | None = None
        self._complaints: deque[str] = deque(maxlen=_COMPLAINTS_KEPT)
        self._is_quiet = True
        self._settled = asyncio.Event()
        self._fault: StoreUnavailable | None = None
        self._tasks = Tasks("store")
        self._server = Supervised("the embedded store", self._launch, clock, on_end=self._see_end)

    @property
    def url(self) -> str:
        """Where clients find it; known once :meth:`start` has returned."""
        return f"unix://{quote(self._socket)}"

    @property
    def pid(self) -> int | None:
        """The server's process id while it lives."""
        return self._server.pid

    async def start(self) -> None:
        """Claim the directory and launch the server; StoreUnavailable in one line when that cannot be."""
        await self._directory.claim()
        try:
            self._choose()
            self._server.start()
        except OSError as fault:
            self._directory.release()
            raise unusable(self._directory.path, fault) from None
        except StoreUnavailable as fault:
            self._directory.release()
            raise StoreUnavailable(fault.reason, f"embedded store in {self._directory.path}: {fault}") from None

    async def ready(self) -> None:
        """Wait until it has answered once; StoreUnavailable with its last words when its first run ends before that."""
        await self._settled.wait()
        if self._fault is not None:
            raise self._fault

    async def stop(self) -> None:
        """End it, its files in order, and give the directory back."""
        self._is_quiet = True
        await self._server.stop(signal.SIGTERM, _STOP_WITHIN_SECONDS)
        await self._tasks.stop()
        if self._lines is not None:
            self._lines.drain()
            self._lines.close()
        self._directory.release()
        with suppress(OSError):
            os.rmdir(os.path.dirname(self._socket))

    def _choose(self) -> None:
        writer = self._directory.writer()
        self._binary = binary_for(writer, self._search_path)
        if writer != self._binary.server:
            self._directory.mark(self._binary.server)
        self._socket = socket_path(self._socket_bases, self._directory.path)

    def _launch(self) -> subprocess.Popen[bytes]:
        assert self._binary is not None
        self._is_quiet = True
        self._complaints.clear()
        reading, writing = os.pipe()
        try:
            process = launch(
                _command(self._binary.path, self._socket, self._directory.path),
                pass_fds=(self._directory.lock,),
                environ={"LC_ALL": "C", "TZ": "UTC"},
                output=writing,
                death_signal=signal.SIGTERM,
                gives_way=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._lines = Lines(reading, self._pass_on)
        self._tasks.start("ready", self._see_ready(process))
        return process

    async def _see_ready(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            if await is_answering(self._socket):
                self._is_quiet = False
                self._settled.set()
                _log.info("the embedded store, %s, is ready", self._binary and self._binary.server)
                return
            await self._clock.sleep(_PING_EVERY_SECONDS)

    def _see_end(self) -> None:
        """Its last words, and why it may have ended: with ``appendfsync always`` a full disk ends the server."""
        if self._lines is not None:
            self._lines.drain()
            self._lines.close()
        if self._is_quiet:
            for line in self._complaints:
                _log.warning("%s", line)
        if self._directory.free_octets() < _FREE_OCTETS_LEAST:
            _log.error("the disk of %s is full", self._directory.path)
        if not self._settled.is_set():
            last = self._complaints[-1] if self._complaints else "it did not say why"
            self._fault = StoreUnavailable(
                "no-start", f"embedded store in {self._directory.path} does not start: {last}"
            )
            self._settled.set()

    def _pass_on(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        level, text = (_LEVELS.get(match[1], logging.DEBUG), match[2]) if match else (logging.WARNING, line)
        if level == logging.WARNING:
            self._complaints.append(text)
        _log.log(logging.DEBUG if self._is_quiet else level, "%s", text)


def _command(program: str, socket: str, directory: str) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": socket,
        "unixsocketperm": "700",
        "dir": directory,
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "auto-aof-rewrite-percentage": "100",
        "auto-aof-rewrite-min-size": "32mb",
        "maxmemory": "0",
        "maxmemory-policy": "noeviction",
        "databases": "1",
        "loglevel": "notice",
    }
    return [program, *(word for name, value in settings.items() for word in (f"--{name}", value))]


async def is_answering(path: str) -> bool:
    """True when the server at this socket answers PING with PONG; one that still loads its files does not."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PING_WITHIN_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(b"PING\r\n")
                return await reader.readline() == b"+PONG\r\n"
            finally:
                writer.close()
    return False
