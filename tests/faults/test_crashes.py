"""Rows 21 and 22, and the parts of one replica: kill -9 at random moments, and restarts that nobody notices."""

import asyncio
import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median_low
from typing import NamedTuple

import pytest
from faults.probe import Probe, question, verdict
from faults.replica import Writers, until
from faults.speed import half_load, spent
from room import require

pytestmark = pytest.mark.timeout(900)

ROUNDS = int(os.environ.get("DNSD_TEST_CRASHES", "20"))
ROUNDS_FIFTH = 2
RECORDS = 10_000
RIGHT_SECONDS = 2.0
GAP_SECONDS = 1.0
CPU_SECONDS_MOST = 4.0
"""Of a whole start, in CI too, where others have the cores and seconds mean little: both cores for the longer time."""
TRUTH = {f"kept-{number}": [f"192.0.2.{number}", f"198.51.100.{number}"] for number in range(1, 6)}


@pytest.mark.timeout(900 + 15 * ROUNDS)
@pytest.mark.parametrize("is_embedded", [True, False], ids=["embedded", "redis"])
async def test_no_acknowledged_registration_is_lost_by_a_crash(make_server, make_replica, scale, is_embedded):
    """Row 21: kill -9 of every process of dnsd under 200 writes/s; what was acknowledged stands when it is back.

    ``DNSD_TEST_CRASHES=500 pytest -m long -s tests/faults/test_crashes.py -k acknowledged`` is the five hundred.
    """
    server = None if is_embedded else make_server("redis", "--appendonly", "yes", "--appendfsync", "always")
    replica = make_replica(server.url if server else "", workers=1)
    filled = int(RECORDS * scale)
    many = {f"many-{number}": [f"10.9.{number // 250}.{number % 250 + 1}"] for number in range(filled)}
    await asyncio.to_thread(replica.fill, many)
    last = f"many-{filled - 1}"
    right = frozenset(many[last])
    # The same thousand endpoints again and again: however many rounds, it stays a registry of ten thousand.
    writers, chance = Writers([replica], 200, seed=21, ids=25), random.Random(21)
    starts: list[Start] = []
    for _ in range(ROUNDS if scale == 1 else ROUNDS_FIFTH):
        writing = asyncio.ensure_future(writers.run(1.5))
        await asyncio.sleep(0.3 + chance.random())
        replica.kill()
        await writing
        starts.append(await asyncio.to_thread(_right_again, replica, last, right))
        await asyncio.to_thread(replica.wait)
        records = await asyncio.to_thread(replica.records)
        assert not writers.lost_from(records)
        assert len([key for key in records if "many-" in key]) == 2 * filled
    told = f"{len(starts)} rounds, {len(writers.replied_at)} acknowledged, none lost"
    worst = "; ".join(map(str, sorted(starts)[-5:]))
    print(f"\n{told}; first right answer after {median_low(starts)}, at worst {worst}")
    if server is not None:
        starts.append(await _crash_with_its_store(replica, server, writers, last, right))
        print(f"with Redis down: first right answer after {starts[-1]}")
    assert len(writers.acknowledged) > 100
    assert max(start.cpu_seconds for start in starts) <= CPU_SECONDS_MOST, starts
    assert scale < 1 or max(start.seconds for start in starts) <= RIGHT_SECONDS, starts


class Start(NamedTuple):
    """How long it was until the first right answer, and what all processes of the replica had spent by then."""

    seconds: float
    cpu_seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.cpu_seconds:.2f} s of CPU"


def _right_again(replica, service: str, right: frozenset[str]) -> Start:
    """Start it, until it answers as before. Until then it is silent or says SERVFAIL, and denies nothing."""
    start, told = time.monotonic(), set()
    replica.start()

    def is_right() -> bool:
        told.add(replica.answer(service, 0.2))
        return right in told

    until(is_right, "the first right answer")
    begun = Start(time.monotonic() - start, spent(replica))
    assert told <= {right, "SERVFAIL", "ConnectionRefusedError", "TimeoutError"}, told
    return begun


async def _crash_with_its_store(replica, server, writers, last: str, right: frozenset[str]) -> Start:
    """Both are killed under writes, and Redis stays down: what was acknowledged and answered stands on our disk."""
    writing = asyncio.ensure_future(writers.run(1.5))
    await asyncio.sleep(1)
    replica.kill()
    server.kill()
    await writing
    begun = await asyncio.to_thread(_right_again, replica, last, right)
    await asyncio.to_thread(replica.wait)
    records = await asyncio.to_thread(replica.records)
    answered = {key for key, (_, reply) in writers.acknowledged.items() if reply["visible"]}
    assert len(answered) > 50
    assert not answered.intersection(writers.lost_from(records))
    return begun


def test_every_part_of_a_replica_may_crash_while_it_answers(make_replica):
    """Issue 5, 8: a responder, the embedded store and control are killed in turn; each recovers, answers go on."""
    replica = make_replica(workers=2)
    names = replica.fill(TRUTH)
    with Probe(replica.dns, names) as probe:
        for role in ("dnsd.app control", "valkey-server|redis-server"):
            until(lambda role=role: replica.children(role), f"{role} is there")
            (pid,) = replica.children(role)
            os.kill(pid, signal.SIGKILL)
            until(lambda role=role, pid=pid: set(replica.children(role)) - {pid}, f"{role} is back")
            until(lambda: _is_written(replica), "writes are taken again", 30)
    probe.assert_flawless()
    with Probe(replica.dns, names) as probe:
        pid = replica.children("dnsd.app responder")[0]
        os.kill(pid, signal.SIGKILL)
        until(lambda: len(set(replica.children("dnsd.app responder")) - {pid}) == 2, "the responder is back")
        time.sleep(1)
    # What was in the dead one's socket is gone with it; whoever asks again is answered by the other.
    assert len(probe.tally.wrong) <= 0.1 * sum(probe.tally.asked.values()), probe.tally.wrong[:5]
    assert {each.what.split()[0] for each in probe.tally.wrong} <= {"unanswered"}


def _is_written(replica) -> bool:
    try:
        return bool(replica.register("new", "n", "10.0.0.1"))
    except (OSError, AssertionError):
        return False


class Resolver(threading.Thread):
    """A client as glibc is one: the next server at once on a closed port, after a second on silence."""

    def __init__(self, addresses: list[tuple[str, int]], name: str, allowed: frozenset[str], rate: float) -> None:
        super().__init__()
        self.outcomes: Counter[str] = Counter()
        self.again: Counter[str] = Counter()
        self.ending = threading.Event()
        self._addresses, self._name, self._allowed, self._rate = addresses, name, allowed, rate
        self._verdicts: dict[bytes, str] = {}

    @property
    def asked(self) -> int:
        """So many questions have come to their end."""
        return sum(self.outcomes.values())

    def run(self) -> None:
        sockets = []
        for address in self._addresses:
            sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sockets[-1].settimeout(1.0)
            sockets[-1].connect(address)
        due = time.monotonic()
        while not self.ending.is_set():
            self.outcomes[self._resolve(sockets, self.asked % 65_535 + 1)] += 1
            due = max(due + 1 / self._rate, time.monotonic() - 0.05)
            time.sleep(max(0.0, due - time.monotonic()))
        for sock in sockets:
            sock.close()

    def _resolve(self, sockets: list[socket.socket], number: int) -> str:
        for sock in [*sockets, *sockets]:
            try:
                sock.send(question(number, self._name))
                while (reply := sock.recv(4096))[:2] != number.to_bytes(2, "big"):
                    pass
            except OSError as fault:
                self.again[type(fault).__name__] += 1
                continue
            what = self._verdict(reply)
            if what != "SERVFAIL":
                return what or "right"
            self.again["SERVFAIL"] += 1
        return "lost"

    def _verdict(self, reply: bytes) -> str:
        """What is wrong with it; the same octets behind another id are not read again."""
        if reply[2:] not in self._verdicts:
            self._verdicts[reply[2:]] = verdict(reply, [self._allowed])
        return self._verdicts[reply[2:]]


@contextmanager
def asking(clients: Sequence[Resolver]) -> Iterator[None]:
    """They ask while the block lasts."""
    for client in clients:
        client.start()
    try:
        yield
    finally:
        for client in clients:
            client.ending.set()
        for client in clients:
            client.join()


QUERIES = 100_000
CLIENTS = 4
RATE, RATE_FIFTH = 400, 750
"""Questions of a client a second; at a fifth so many that three restarts are long enough for all of them."""
NAME = "kept-1.default.svc.cluster.local"
RIGHT = frozenset(TRUTH["kept-1"])


def test_a_rolling_restart_of_three_replicas_loses_no_query(make_server, make_replica, scale, tmp_path):
    """Row 22: replicas are ended and started in turn under load; a client's own retry finds another one.

    In the full run the clients come on top of half of what the three answer at most, all at once, on this machine.
    """
    server = make_server("redis", "--appendonly", "yes")
    flags = ["--lame-duck-seconds", str(5 * scale)]
    more = {"workers": 1, "flags": flags, "is_waited_for": False}
    replicas = [make_replica(server.url, name, **more) for name in ("one", "two", "three")]
    for replica in replicas:
        replica.wait()
    replicas[0].fill(TRUTH)
    for replica in replicas:  # another replica hears of it a moment later: until then NXDOMAIN is the truth
        until(lambda at=replica: at.answer("kept-1") == RIGHT, f"{replica.name} knows the name")
    addresses = [replica.dns for replica in replicas]
    rate = RATE if scale == 1 else RATE_FIFTH
    clients = [Resolver(addresses[at % 3 :] + addresses[: at % 3], NAME, RIGHT, rate) for at in range(CLIENTS)]
    with ExitStack() as stack:
        if scale == 1:
            require("dnsperf")
            stack.enter_context(half_load(replicas, [NAME], tmp_path))
        stack.enter_context(asking(clients))
        gaps: list[Start] = []
        while len(gaps) < len(replicas) or sum(client.asked for client in clients) < QUERIES * scale:
            gaps.append(_restart_measured(replicas[len(gaps) % len(replicas)]))
    outcomes = sum((client.outcomes for client in clients), Counter())
    again = sum((client.again for client in clients), Counter())
    print(f"\n{dict(outcomes)}, asked again {dict(again)}, gaps of single replicas {'; '.join(map(str, gaps))}")
    assert set(outcomes) == {"right"}
    assert outcomes["right"] >= QUERIES * scale
    assert max(gap.cpu_seconds for gap in gaps) <= CPU_SECONDS_MOST, gaps


@pytest.mark.long
def test_one_replica_alone_is_silent_for_a_second_at_most(make_server, make_replica):
    """Row 22: from the last answer of the one that ends to the first of the one that begins."""
    replica = make_replica(make_server("redis", "--appendonly", "yes").url, workers=1)
    replica.fill(TRUTH)
    gaps = [_restart_measured(replica) for _ in range(5)]
    print(f"\ngaps of a replica alone {'; '.join(map(str, gaps))}")
    assert max(gap.seconds for gap in gaps) <= GAP_SECONDS, gaps


def _restart_measured(replica) -> Start:
    """End and start it; how long it alone would have been silent, and what it had spent when it was ready."""
    with Probe(replica.dns, {NAME: TRUTH["kept-1"]}, udp=100, tcp=0) as probe:
        assert replica.end() == 0
        cpu_seconds = spent(replica.start().wait())
    assert not [each for each in probe.tally.wrong if each.what.startswith(("NXDOMAIN", "wrong"))]
    return Start(probe.tally.gap(), cpu_seconds)
