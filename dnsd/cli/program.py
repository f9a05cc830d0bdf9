"""The program that ``dnsd run`` starts: its process, its ports, and its exit status."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from dnsd.cli.failures import CommandFailed
from dnsd.model import names
from dnsd.model.service import Endpoint

ACCEPT_SECONDS = 1.0
NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""What shells say of a program that is not there, or is none."""

Place = tuple[str, int]
"""Address and port."""


class NotStarted(CommandFailed):
    """The program cannot be started."""

    def __init__(self, text: str, status: int) -> None:
        self.status = status
        super().__init__(text)


class Program:
    """A running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    async def end(self) -> int:
        """Wait until it has ended; its exit status, 128 + n when signal n ended it."""
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    def signal(self, number: int) -> None:
        """Pass a signal on."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


async def start(words: Sequence[str]) -> Program:
    """Start a program; it has our streams and our environment but for our token. Raises NotStarted.

    On a terminal it gets a process group of its own, so that Ctrl-C comes to us first and it can be drained before it
    is told; reading from a terminal would stop it there, so it reads nothing.
    """
    has_terminal = _has_terminal()
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL if has_terminal and os.isatty(0) else None,
            process_group=0 if has_terminal else None,
            restore_signals=True,
            env={name: text for name, text in os.environ.items() if name != "DNSD_TOKEN"},
        )
    except OSError as fault:
        status = NOT_FOUND if isinstance(fault, FileNotFoundError) else NOT_EXECUTABLE
        raise NotStarted(f"cannot start {words[0]}: {fault.strerror}", status) from None
    return Program(process)


async def free_places(endpoint: Endpoint) -> list[list[Place]]:
    """For each TCP port, where to look for the program: on the endpoint's addresses and on loopback.

    Places that accept before the program runs are somebody else's and prove nothing. Raises CommandFailed when a port
    has no other.
    """
    hosts = dict.fromkeys((*endpoint.addresses, *(_loopback(address) for address in endpoint.addresses)))
    ports = [port.port for port in endpoint.ports if port.protocol == "TCP"]
    places = []
    for port in ports:
        candidates = [(host, port) for host in hosts]
        taken = await asyncio.gather(*(accepts(place) for place in candidates))
        free = [place for place, is_taken in zip(candidates, taken, strict=True) if not is_taken]
        if not free:
            raise CommandFailed(
                f"port {port} is taken: something accepts on {candidates[0][0]} already; nothing was started"
            )
        places.append(free)
    return places


async def accept_everywhere(
    places: Sequence[Sequence[Place]], pause: Callable[[float], Awaitable[None]], pause_seconds: float = 0.05
) -> None:
    """Come back when of each port one place accepts."""
    for alternatives in places:
        while not any(await asyncio.gather(*(accepts(place) for place in alternatives))):
            await pause(pause_seconds)


async def accepts(place: Place) -> bool:
    """True when a TCP connection to ``place`` is taken."""
    try:
        async with asyncio.timeout(ACCEPT_SECONDS):
            _, writer = await asyncio.open_connection(*place)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def name_of_signal(number: int) -> str:
    """``SIGTERM``."""
    return signal.Signals(number).name


def _loopback(address: str) -> str:
    return "::1" if names.is_ipv6(address) else "127.0.0.1"


def _has_terminal() -> bool:
    """True when a terminal controls us, so that its Ctrl-C goes to our whole process group."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
