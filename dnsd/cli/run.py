"""``dnsd run``: a program, registered from when its ports accept until it ends."""

from __future__ import annotations

import argparse
import asyncio
import signal
from contextlib import suppress

from dnsd.cli.client import Client
from dnsd.cli.drain import drain, seconds_until_safe
from dnsd.cli.failures import CommandFailed
from dnsd.cli.keeper import Keeper
from dnsd.cli.options import Connection, add_connection_flags, connection_of
from dnsd.cli.output import note
from dnsd.cli.program import Place, Program, accept_everywhere, free_places, name_of_signal, start
from dnsd.cli.registration import Registration, add_registration_flags, registration_of
from dnsd.model.lease import LEASE_SECONDS_DEFAULT
from dnsd.runtime.clock import Clock, SystemClock
from dnsd.runtime.tasks import Tasks

HELP = "run a program and keep it registered while it lives"

EPILOG = """\
example:

  dnsd run --service web --port http=8080 -- python3 -m http.server 8080

The program is registered when all its TCP ports accept connections, on its address or on loopback, and its lease is
renewed while it runs. When it ends, it is deregistered at once, and `dnsd run` ends with its status (128 + n after
signal n).

SIGTERM and SIGINT drain it first: it leaves the answers, caches get time to forget it (--drain-seconds), then the
signal is passed on. A second signal ends the waiting and is passed on instead. SIGHUP, SIGUSR1 and SIGUSR2 are just
passed on. On a terminal the program reads nothing and is in a process group of its own, so that Ctrl-C drains it too.

When `dnsd run` itself is killed with -9, the program is left alone: it runs on, but nobody renews its lease, so it is
gone from the answers a lease later. Under systemd say KillMode=mixed, or the program is stopped before it is drained.
"""

STOPS = (signal.SIGTERM, signal.SIGINT)
PASSED_ON = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
DRAIN_SECONDS_DEFAULT = 10.0
PATIENCE_SECONDS = 5.0
"""After this, people are told what is waited for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.usage = "dnsd run --service NAME [options] -- COMMAND [ARGUMENT ...]"
    add_registration_flags(parser, LEASE_SECONDS_DEFAULT)
    parser.add_argument(
        "--drain-seconds",
        type=_seconds,
        default=DRAIN_SECONDS_DEFAULT,
        metavar="SECONDS",
        help="at most so long between the drain and the signal; 0: no drain [10]",
    )
    add_connection_flags(parser)
    parser.add_argument("command_line", nargs="+", metavar="COMMAND", help="the program and its arguments, after --")


def execute(arguments: argparse.Namespace) -> int:
    """Run; returns the program's status."""
    connection = connection_of(arguments)
    registration = registration_of(arguments, connection.servers)
    return asyncio.run(_run(connection, registration, arguments.command_line, arguments.drain_seconds))


async def _run(connection: Connection, registration: Registration, words: list[str], drain_seconds: float) -> int:
    async with Client(connection) as client:
        places = await free_places(registration.endpoint)
        return await _Run(client, registration, SystemClock()).through(words, places, drain_seconds)


class _Run:
    """A program and its registration, from the start of the one to the end of both."""

    def __init__(self, client: Client, registration: Registration, clock: Clock) -> None:
        self._client = client
        self._registration = registration
        self._keeper = Keeper(client, registration, clock, _say)
        self._clock = clock
        self._tasks = Tasks("run")
        self._stops: asyncio.Queue[int] = asyncio.Queue()

    async def through(self, words: list[str], places: list[list[Place]], drain_seconds: float) -> int:
        """Start, register, keep, and leave; returns the program's status."""
        loop = asyncio.get_running_loop()
        for number in STOPS:  # before the start: a signal in between would leave the program without us
            loop.add_signal_handler(number, self._stops.put_nowait, number)
        program = await start(words)
        for number in PASSED_ON:
            loop.add_signal_handler(number, program.signal, number)
        end = self._tasks.start("program", program.end())
        keep = self._tasks.start("keep", self._keep(places))
        stop = self._tasks.start("stop", self._stops.get())
        await asyncio.wait({end, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not end.done():
            await self._stop(program, stop.result(), end, drain_seconds)
        keep.cancel()
        await asyncio.gather(keep, return_exceptions=True)
        await self._keeper.leave()
        status: int = await end
        await self._tasks.stop()
        return status

    async def _keep(self, places: list[list[Place]]) -> None:
        """Wait for the program's ports, then keep it registered."""
        patience = self._tasks.start("patience", self._complain(places))
        await accept_everywhere(places, self._clock.sleep)
        patience.cancel()
        await self._keeper.keep()

    async def _complain(self, places: list[list[Place]]) -> None:
        await self._clock.sleep(PATIENCE_SECONDS)
        ports = ", ".join(str(alternatives[0][1]) for alternatives in places)
        _say(f"not registered yet: waiting until port {ports} accepts connections")

    async def _stop(self, program: Program, number: int, end: asyncio.Task[int], drain_seconds: float) -> None:
        """Drain while there is time and nobody hurries; then pass the signal on, and every further one."""
        _say(f"{name_of_signal(number)}: {'draining' if self._keeper.is_registered and drain_seconds else 'stopping'}")
        hurry = self._tasks.start("hurry", self._stops.get())
        if self._keeper.is_registered and drain_seconds:
            quiet = self._tasks.start("drain", self._drain(drain_seconds))
            await asyncio.wait({end, hurry, quiet}, return_when=asyncio.FIRST_COMPLETED)
            quiet.cancel()
        if not hurry.done():  # else the second signal stands for both: two in a row mean more to many a program
            program.signal(number)
        while not end.done():
            await asyncio.wait({end, hurry}, return_when=asyncio.FIRST_COMPLETED)
            if hurry.done():
                program.signal(hurry.result())
                hurry = self._tasks.start("hurry", self._stops.get())

    async def _drain(self, seconds_most: float) -> None:
        """Out of the answers, and until caches have forgotten it, all within ``seconds_most``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds_most):
                await self._drain_and_wait()

    async def _drain_and_wait(self) -> None:
        try:
            reply = await drain(self._client, self._registration.path, force=False)
        except CommandFailed as failure:
            _say(f"cannot drain: {failure}")
            return
        seconds = seconds_until_safe(reply)
        if seconds is not None:
            await self._clock.sleep(seconds)
        elif reply.document["pending"]:
            _say(f"drained, but not applied yet by {', '.join(reply.document['pending'])}")
        else:
            _say("not drained: the last endpoint of a service stays in the answers")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 3600")
    return seconds


def _say(text: str) -> None:
    note("run", text)
