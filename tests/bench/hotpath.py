"""Where the time of a query goes: the responder's loop in parts, by function, and, with perf, down to the kernel.

The first two run ``dnsd.server.udp`` here, on a socket of loopback, fed 64 datagrams at a time; only its share of the
time is counted. The third looks at a real responder under dnsperf.
"""

import cProfile
import pstats
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import process
import questions
from records import Records
from stage import Options, Stage

from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.runtime.clock import SystemClock
from dnsd.server.address import Address
from dnsd.server.binding import bind
from dnsd.server.datagrams import BATCH, DATAGRAM_OCTETS_MOST
from dnsd.server.mmsg import open_datagrams
from dnsd.server.tally import Tally
from dnsd.server.udp import UdpServer

_QUESTIONS = 20_000
_BATCHES = 2000
_LINES = 15
_PERF_SECONDS = 3
_NANO = 1_000_000_000


class Loop:
    """A socket that is answered, and a client that asks the mix."""

    def __init__(self, table: Table, packets: list[bytes]) -> None:
        self.udp = bind(Address("127.0.0.1", 0), socket.SOCK_DGRAM, "", is_shared=False)
        self.table = table
        self._packets = cycle(packets)
        self._client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._client.connect(self.udp.getsockname())
        self._client.setblocking(False)

    def batches(self, number: int) -> Iterator[None]:
        """So many times 64 questions wait to be answered when this yields."""
        for _ in range(number):
            for packet in islice(self._packets, BATCH):
                self._client.send(packet)
            yield
            for _ in range(BATCH):
                self._client.recv(DATAGRAM_OCTETS_MOST)

    def close(self) -> None:
        """Close both sockets."""
        self.udp.close()
        self._client.close()


def show(options: Options) -> None:
    """Print all three."""
    records = Records(options.services)
    packets = [questions.packet(question) for question in questions.warm(records, _QUESTIONS, 0)]
    loop = Loop(records.catalog().table, packets)
    with process.running_on(process.SERVER_CORES):
        _show_parts(loop)
        _show_functions(loop)
    loop.close()
    _show_perf(options)


def _show_parts(loop: Loop) -> None:
    datagrams, terms, tally = open_datagrams(loop.udp), Terms(cookie_secret=bytes(16)), Tally("udp")
    spent = dict.fromkeys(("receive", "chance", "respond", "send", "tally"), 0.0)

    def timed(name: str, part: Callable[[], object]) -> object:
        start = time.perf_counter()
        made = part()
        spent[name] += time.perf_counter() - start
        return made

    for _ in loop.batches(_BATCHES):
        got = timed("receive", datagrams.receive)
        chances = timed("chance", lambda got=got: memoryview(random.randbytes(4 * len(got))).cast("I"))
        asked = list(zip(got, datagrams.peers, chances, strict=True))
        answers = timed("respond", lambda asked=asked: [respond(*each, loop.table, terms) for each in asked])
        replies, keys = zip(*answers, strict=True)
        timed("send", lambda replies=replies: datagrams.send(replies))
        timed("tally", lambda replies=replies, keys=keys: tally.answered(replies, keys))
    total = sum(spent.values())
    print("the loop of server/udp in parts, ns a query (the kernel's share is in receive and send)")
    for name, seconds in spent.items():
        print(f"  {name:8} {seconds / _BATCHES / BATCH * _NANO:7.0f}  {100 * seconds / total:3.0f} %")
    print(f"  {'all':8} {total / _BATCHES / BATCH * _NANO:7.0f}")


def _show_functions(loop: Loop) -> None:
    server = UdpServer(loop.udp, respond, loop.table, Terms(cookie_secret=bytes(16)), SystemClock(), Tally("udp"))
    profile = cProfile.Profile()
    for _ in loop.batches(_BATCHES // 4):
        profile.runcall(server.answer_batch)
    print("\nby function, under cProfile (which makes small functions look dear)")
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(_LINES)


def _show_perf(options: Options) -> None:
    if shutil.which("perf") is None:
        print("perf is not installed: nothing about interpreter and kernel")
        return
    stage = Stage(options)
    try:
        load = stage.load(questions.warm)
        (responder,) = stage.dnsd.pids()
        recorded = stage.new_path("perf")
        words = ["perf", "record", "--quiet", "-F", "1000", "-o", str(recorded), "-p", str(responder)]
        watching = subprocess.Popen([*words, "--", "sleep", str(_PERF_SECONDS)], stderr=subprocess.DEVNULL)
        stage.dnsd.ask(load, _PERF_SECONDS)
        watching.wait()
        print("a responder under dnsperf, by perf: program, then symbol")
        for keys in ("dso", "dso,symbol"):
            print(_perf_report(recorded, keys))
    finally:
        stage.close()


def _perf_report(recorded: Path, keys: str) -> str:
    words = ["perf", "report", "--stdio", "-i", str(recorded), "--sort", keys, "--percent-limit", "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.strip() and not line.startswith("#")]
    return "\n".join(lines[: 2 * _LINES]) or done.stderr.strip()
