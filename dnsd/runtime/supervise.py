"""Children of ours: started so that they die with us, watched, and started again after a pause that grows.

``Invariant:`` a child outlives us by no path: it has its own process group (a Ctrl-C is for us alone), and on Linux the
kernel ends it when we are gone (``PR_SET_PDEATHSIG``, with the parent checked again behind it).
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from dnsd.runtime.clock import Clock
from dnsd.runtime.tasks import Tasks
from dnsd.runtime.turns import give_way

_log = logging.getLogger("dnsd.supervise")

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.05  # where the kernel has no pidfd
_LINE_OCTETS_MOST = 65_536
_READ_OCTETS = 65_536


class Backoff:
    """Pauses before a restart: 0.1 s, doubled up to 5 s; back to the first after a life of 10 s or more."""

    def __init__(self, first_seconds: float = 0.1, most_seconds: float = 5.0, reset_seconds: float = 10.0) -> None:
        self._first, self._most, self._reset = first_seconds, most_seconds, reset_seconds
        self._next = first_seconds

    def pause_seconds(self, lived_seconds: float) -> float:
        """How long to wait now, after a life of so many seconds."""
        pause = self._first if lived_seconds >= self._reset else self._next
        self._next = min(pause * 2, self._most)
        return pause


class Supervised:
    """One child, kept alive until :meth:`stop` or until it ends with one of ``final_codes``.

    ``launch`` starts it, each time anew (see :func:`launch`); an OSError of it is logged and tried again later.
    ``on_final`` is told the code that ended it for good.
    """

    def __init__(
        self,
        name: str,
        launch: Callable[[], subprocess.Popen[bytes]],
        clock: Clock,
        *,
        final_codes: Sequence[int] = (),
        on_final: Callable[[int], None] = lambda code: None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.starts = 0
        self._launch = launch
        self._clock = clock
        self._final_codes = final_codes
        self._on_final = on_final
        self._on_end = on_end
        self._backoff = Backoff()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._tasks = Tasks(name)

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Launch it now, and again whenever it ends. An OSError of the first launch is the caller's."""
        self._begin()
        self._tasks.start("life", self._live())

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    async def stop(self, number: signal.Signals | None = signal.SIGTERM, within_seconds: float = 5.0) -> None:
        """End it: a signal first (None: it was told to end in another way), SIGKILL when it takes longer."""
        self._stopping = True
        if number is not None:
            self.send(number)
        if self._process is not None and not await _ended_within(self._process, within_seconds):
            _log.warning("%s did not end within %g s and is killed", self.name, within_seconds)
            self.send(signal.SIGKILL)
            await ended(self._process)
        await self._tasks.stop()

    def _begin(self) -> None:
        self._process = self._launch()
        self.starts += 1

    async def _live(self) -> None:
        while not self._stopping and self._process is not None:
            begun = self._clock.monotonic()
            code = await ended(self._process)
            self._on_end()
            if self._stopping or code in self._final_codes:
                break
            await self._begin_again(code, self._clock.monotonic() - begun)
        if not self._stopping and self._process is not None:
            self._on_final(self._process.returncode)

    async def _begin_again(self, code: int, lived_seconds: float) -> None:
        why, pause = shown_code(code), self._backoff.pause_seconds(lived_seconds)
        while not self._stopping:
            _log.warning("%s ended (%s), starts again in %.1f s", self.name, why, pause)
            await self._clock.sleep(pause)
            try:
                self._begin()
                break
            except OSError as fault:
                why, pause = str(fault), self._backoff.pause_seconds(0)


def launch(
    command: Sequence[str],
    *,
    pass_fds: Sequence[int] = (),
    environ: Mapping[str, str] | None = None,
    output: int | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    gives_way: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a child that dies with us, with an empty stdin and, where ``output`` is a descriptor, its output there.

    ``gives_way``: it has no part in a better niceness than 0 that we were started with.
    """
    return subprocess.Popen(  # noqa: S603 — the command is ours
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        env=None if environ is None else dict(environ),
        pass_fds=tuple(pass_fds),
        process_group=0,
        preexec_fn=_first_steps(os.getpid(), death_signal, gives_way=gives_way),
    )


def _first_steps(parent: int, death_signal: signal.Signals, *, gives_way: bool) -> Callable[[], None]:
    # Before the fork: nothing may be looked up behind it.
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def take() -> None:
        if gives_way:
            give_way()
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent:  # it died before the call above
                os._exit(1)

    return take


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait until the child has ended and been reaped; returns its code (negative: the signal that ended it)."""
    while process.poll() is None:
        await _exit_of(process.pid)
    return process.returncode


async def _exit_of(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        return await asyncio.sleep(_POLL_SECONDS)
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ended(process)
    return process.poll() is not None


def shown_code(code: int) -> str:
    """How a child ended, for people: ``status 1`` or ``signal SIGKILL``."""
    if code >= 0:
        return f"status {code}"
    with suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


class Lines:
    """Reads what comes over a pipe or socket, line by line, until its other end is closed; owns the descriptor.

    Lines above 64 KB are cut into pieces. ``on_line`` gets text without its end; ``on_end`` is called once.
    """

    def __init__(
        self, descriptor: int, on_line: Callable[[str], None], on_end: Callable[[], None] = lambda: None
    ) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self._on_end = on_end
        self._rest = b""
        self.is_open = True
        os.set_blocking(descriptor, False)
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def drain(self) -> None:
        """Read what is there already, such as the last words of a child that has ended."""
        while self.is_open and self._read():
            pass

    def close(self) -> None:
        """Stop reading."""
        if self.is_open:
            self.is_open = False
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)

    def _read(self) -> bool:
        try:
            octets = os.read(self._descriptor, _READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            octets = b""
        *whole, self._rest = (self._rest + octets).split(b"\n")
        if len(self._rest) > _LINE_OCTETS_MOST or not octets:
            whole.append(self._rest)
            self._rest = b""
        for line in whole:
            if line:
                self._on_line(line.decode("utf-8", "replace"))
        if not octets and self.is_open:
            self.close()
            self._on_end()
        return bool(octets)
