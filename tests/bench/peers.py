"""Servers under comparison: where one answers, which processes of its do, and what a query costs it."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dnsperf
import process
from dnsperf import Load, Outcome, ToolMissing
from precedence import as_servers
from questions import packet
from records import ZONE

READY_SECONDS = 300.0
END_SECONDS = 20.0
LOST_SHARE_MOST = 0.01
LOOPBACK = "127.0.0.1"
_QUESTION = ZONE, "A"
_SECOND = 1_000_000
_PORT_LEAST = 10_000
_TICKS_LEAST = 5
"""Below that a sample is coarser than a fifth of itself."""
_TRIES = 3
_marks: list[socket.socket] = []
"""One for each port that was given out: a name in the kernel that only one process can have."""


class Peer:
    """A server that answers at ``host`` and ``port``. ``pids``: the processes whose time counts for an answer."""

    goes_first_itself = False
    """Whether it sees to its own precedence on a core."""

    def __init__(self, name: str, port: int, host: str = LOOPBACK) -> None:
        self.name = name
        self.host = host
        self.port = port
        self.reply_octets = 0
        self.notes: list[str] = []

    @property
    def address(self) -> tuple[str, int]:
        """Where it answers."""
        return self.host, self.port

    def pids(self) -> list[int]:
        """The processes that answer."""
        raise NotImplementedError

    def close(self) -> None:
        """End it, if it is ours."""

    def ask(
        self,
        load: Load,
        seconds: float,
        *,
        cores: Sequence[int] = process.SERVER_CORES,
        client_cores: Sequence[int] = process.CLIENT_CORES,
    ) -> tuple[Outcome, float]:
        """Send a load; what came of it, and the microseconds of CPU that a query cost the server."""
        return self.measure(lambda: dnsperf.send(load, self.address, seconds, cores=client_cores), cores)

    def measure(
        self, send: Callable[[], Outcome], cores: Sequence[int] = process.SERVER_CORES
    ) -> tuple[Outcome, float]:
        """The same for any way of sending.

        A sample of a few ticks says nothing: the machine was busy elsewhere, or others than ``pids`` answered. It is
        noted with its counts and taken again. Raises RuntimeError when that does not help.
        """
        for _ in range(_TRIES):
            pids = self.pids()
            process.pin(pids, cores)
            before = process.cpu_seconds(pids)
            outcome = send()
            spent = process.cpu_seconds(pids) - before
            self._note(outcome)
            if spent * process.TICKS_A_SECOND >= _TICKS_LEAST - 0.5:
                return outcome, spent / outcome.completed * _SECOND
            ticks = round(spent * process.TICKS_A_SECOND)
            counted = f"{ticks} ticks for {outcome.completed} answers, {outcome.lost} lost, processes {pids}"
            self.notes.append(f"{self.name}: a sample was thrown away: {counted}")
        raise RuntimeError(self.notes[-1])

    def waits(
        self,
        load: Load,
        seconds: float,
        *,
        cores: Sequence[int] = process.SERVER_CORES,
        client_cores: Sequence[int] = process.CLIENT_CORES,
    ) -> Outcome:
        """Send a load for the sake of its latencies; inside :meth:`led`, where precedence is part of it."""
        process.pin(self.pids(), cores)
        outcome = dnsperf.send(load, self.address, seconds, with_latencies=True, cores=client_cores)
        self._note(outcome)
        return outcome

    @contextmanager
    def led(self) -> Iterator[None]:
        """Before everybody on its core meanwhile, as dnsd's unit has it, where that is permitted."""
        with as_servers(self.pids(), go_first_themselves=self.goes_first_itself) as is_first:
            if not is_first:
                self.notes.append(f"{self.name}: latency was taken among all others")
            yield

    def cost(self, load: Load, seconds: float) -> float:
        """The microseconds alone."""
        return self.ask(load, seconds)[1]

    def wait_until_it_answers(self, is_dead: Callable[[], bool] = lambda: False) -> None:
        """Until the zone answers with authority. Raises RuntimeError when it ends or takes too long."""
        until = time.monotonic() + READY_SECONDS
        while not _is_authority(self.address):
            if is_dead() or time.monotonic() > until:
                raise RuntimeError(f"{self.name} does not answer at {self.host}:{self.port}")
            time.sleep(0.05)

    def answers_to(self, name: str) -> bool:
        """True when the name has an address now."""
        reply = asked(self.address, (name, "A"))
        return reply[6:8] > b"\0\0"

    def _note(self, outcome: Outcome) -> None:
        self.reply_octets = outcome.reply_octets or self.reply_octets
        asked = outcome.completed + outcome.lost
        if outcome.lost > LOST_SHARE_MOST * asked:
            self.notes.append(f"{self.name} lost {outcome.lost} of {asked} queries")


class Stranger(Peer):
    """A server somebody else started: ``--peer NAME=ADDR:PORT,PID``. All processes below PID count."""

    def __init__(self, name: str, host: str, port: int, pid: int) -> None:
        super().__init__(name, port, host)
        self._pid = pid

    def pids(self) -> list[int]:
        """All of it."""
        return process.tree(self._pid)


class Started(Peer):
    """A server that we start with a command, and end."""

    def __init__(
        self, name: str, port: int, command: Sequence[str], log: Path, environ: dict[str, str] | None = None
    ) -> None:
        super().__init__(name, port)
        self._log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=environ
            )

    @property
    def is_dead(self) -> bool:
        """True when it has ended."""
        return self._process.poll() is not None

    def pids(self) -> list[int]:
        """All of it."""
        return process.tree(self._process.pid)

    def wait(self) -> "Started":
        """Until it answers. Raises RuntimeError with its last words."""
        try:
            self.wait_until_it_answers(lambda: self.is_dead)
        except RuntimeError as fault:
            self.close()
            raise RuntimeError(f"{fault}\n{self._log.read_text()[-1000:]}") from None
        return self

    def close(self) -> None:
        """End it and all that it started."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in reversed(process.tree(self._process.pid)):
                os.kill(pid, signal.SIGKILL)
            self._process.wait()


def start_echo(folder: Path, reply_octets: int) -> Started:
    """The C echo, built with ``cc``. Raises ToolMissing."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise ToolMissing("cc")
    program = folder / "echo"
    if not program.exists():
        source = Path(__file__).with_name("echo.c")
        subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
    port = free_port()
    return Started("C echo", port, [str(program), str(port), str(reply_octets)], folder / "echo.log").wait()


def free_port() -> int:
    """A port that nobody has now, for UDP and TCP on every address; not one that the kernel gives to clients.

    It is ours until this process ends: no other benchmark gets it, nor does another call.
    """
    range_of_clients = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    while True:
        port = random.randrange(_PORT_LEAST, int(range_of_clients.split()[0]))
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                mark.bind(f"\0dnsd-bench-port-{port}")
                tcp.bind(("", port))
                udp.bind(("", port))
            except OSError:
                mark.close()
                continue
        _marks.append(mark)
        return port


def asked(address: tuple[str, int], question: tuple[str, str], seconds: float = 0.5) -> bytes:
    """One reply over UDP; nothing when none comes in time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.settimeout(seconds)
        try:
            door.connect(address)
            door.send(packet(question))
            return door.recv(65_535)
        except OSError:
            return b""


def _is_authority(address: tuple[str, int]) -> bool:
    """True when NOERROR comes back; the C echo passes too."""
    reply = asked(address, _QUESTION)
    return len(reply) >= 12 and bool(reply[2] & 0x80) and not reply[3] & 15
