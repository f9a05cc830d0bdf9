"""Row 14: real Sentinels and a real Cluster fail over under writes; what was called replicated is there afterwards."""

import asyncio
import json
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from faults.probe import Probe
from faults.redises import Cluster, Sentinels
from faults.replica import SUFFIX, Replica, Writers, until
from room import require

pytestmark = pytest.mark.timeout(3000)

ROUNDS_LONG = 50
BACK_SECONDS = 5.0
FAILOVER_SECONDS = 9.0
LATE, NEXT = "10.7.0.1", "10.7.0.2"
RAISED = 1000
"""By so many a store that is behind is raised past what the writer has seen."""
TRUTH = {f"kept-{number}": [f"192.0.2.{number}", f"198.51.100.{number}"] for number in range(1, 6)}

SETS = {
    "sentinel-redis": lambda: Sentinels("redis"),
    "sentinel-valkey": lambda: Sentinels("valkey"),
    "cluster-redis": lambda: Cluster("redis"),
    "cluster-valkey": lambda: Cluster("valkey"),
}


LONG = [*(("sentinel-redis", ROUNDS_LONG, workers) for workers in (0, 1)), *((name, 2, 1) for name in list(SETS)[1:])]
"""Which servers, how many rounds, and with how many responders; in CI one round of the first, in one process."""


@pytest.fixture(
    params=[("sentinel-redis", 1, 0), *(pytest.param(each, marks=pytest.mark.long) for each in LONG)],
    ids=lambda param: "{}-{}-{}".format(*param),
)
def redises(request: pytest.FixtureRequest, own_loopback: bool) -> Iterator[Sentinels | Cluster]:
    require("redis-server")
    name, rounds, workers = request.param
    made = SETS[name]()
    made.rounds, made.workers = rounds, workers
    if rounds == 1:
        made.hurry()
    yield made
    made.close()


class Revisions:
    """What every acknowledged revision stood for, over all rounds: none may stand for two things."""

    def __init__(self) -> None:
        self._meanings: dict[int, set[tuple[str, str]]] = {}

    @property
    def twice(self) -> list[object]:
        """Those that do."""
        return [(revision, meant) for revision, meant in self._meanings.items() if len(meant) > 1]

    def add(self, writers: Writers) -> None:
        """Take in all that was acknowledged, also what was replaced later."""
        for revision, meant in writers.meanings.items():
            self._meanings.setdefault(revision, set()).update(meant)


async def _round(
    redises: Sentinels | Cluster, replicas: list[Replica], is_killed: bool, seed: int
) -> tuple[Writers, float]:
    """One master lost under 200 writes a second; the writers, and how long writes were not taken."""
    writers = Writers(replicas, 200, seed=seed)
    writing, over_at = asyncio.ensure_future(writers.run(FAILOVER_SECONDS)), time.monotonic() + FAILOVER_SECONDS
    await asyncio.sleep(1.5)
    old = await asyncio.to_thread(redises.master)
    gone_at = time.monotonic()
    old.kill() if is_killed else old.stop()
    await writing
    back = [at for at in writers.replied_at if at > gone_at + 0.3]
    assert back, f"no write was taken within {FAILOVER_SECONDS} s; {writers.refused[-3:]}"
    gaps = [late - early for early, late in pairwise([gone_at, *back, over_at])]
    if is_killed:
        await asyncio.to_thread(old.start)
    else:
        old.wake()
    await asyncio.to_thread(redises.wait_until_whole)
    return writers, max(gaps)


async def test_a_failover_loses_nothing_that_was_called_replicated(redises, make_replica):
    """Row 14: kill -9 and STOP in turn; 0 "replicated" lost, writes back within 5 s, no revision used twice."""
    options = {"is_waited_for": False, "workers": redises.workers}
    replicas = [make_replica(redises.url, name, **options) for name in ("one", "two")]
    for replica in replicas:
        replica.wait()
    names = replicas[0].fill(TRUTH)
    await _when_equal(replicas)
    revisions, lost, gaps, acknowledged = Revisions(), [], [], 0
    with Probe(replicas[0].dns, names) as one, Probe(replicas[1].dns, names) as two:
        for number in range(redises.rounds):
            writers, gap = await _round(redises, replicas, number % 2 == 0, seed=number)
            records = await _when_equal(replicas)
            assert {reply["durability"] for _, reply in writers.acknowledged.values()} == {"replicated"}
            lost += writers.lost_from(records)
            revisions.add(writers)
            gaps.append(gap)
            acknowledged += len(writers.replied_at)
            print(
                f"\nround {number}: {len(writers.replied_at)} acknowledged, {len(lost)} lost so far, back {gap:.1f} s"
            )
    for probe in (one, two):
        probe.assert_flawless()
    told = f"{redises.rounds} rounds, {acknowledged} acknowledged, {len(lost)} lost"
    print(f"\n{told}; writes back after at most {max(gaps):.1f} s")
    assert not lost
    assert not revisions.twice
    assert max(gaps) <= BACK_SECONDS, gaps


@pytest.fixture
def sentinels(own_loopback: bool) -> Iterator[Sentinels]:
    require("redis-server")
    made = Sentinels("redis")
    made.hurry()
    yield made
    made.close()


async def test_a_failover_that_rolls_back_uses_no_revision_twice(sentinels, make_replica):
    """faults.md 8: the heir lacks what the old master took last, and every mirror has seen. That goes on being
    answered, its revision never stands for anything else, and the store has it again.
    """
    replicas = [make_replica(sentinels.url, name) for name in ("one", "two")]
    names = replicas[0].fill(TRUTH)
    await _when_equal(replicas)
    await asyncio.to_thread(_let_no_heir_know, sentinels)
    unsafe = asyncio.ensure_future(asyncio.to_thread(_try, replicas[0], "late", LATE))
    for replica in replicas:
        await asyncio.to_thread(until, lambda at=replica: at.answer("late") == {LATE}, f"{replica.name} has seen it")
    reply = await unsafe
    assert reply is None or reply["durability"] != "replicated", reply
    seen = max(replica.ready()["revision"] for replica in replicas)
    with Probe(replicas[1].dns, {**names, f"late.{SUFFIX}": [LATE]}) as probe:
        for server in sentinels.servers:
            server.kill() if server is sentinels.old else server.wake()
        written: list[dict[str, Any]] = []
        await asyncio.to_thread(
            until, lambda: written.append(_try(replicas[1], "next", NEXT)) or written[-1], "back", 30
        )
        await asyncio.to_thread(
            until, lambda: all(_revision_of(replica, LATE) > seen for replica in replicas), "the store has it again", 30
        )
    probe.assert_flawless()
    assert written[-1]["revision"] >= seen + RAISED, "the heir was behind, and was raised past all that was seen"
    revisions = [[_revision_of(replica, address) for address in (LATE, NEXT)] for replica in replicas]
    assert revisions[0] == revisions[1]
    assert len(set(revisions[0])) == 2


def _let_no_heir_know(sentinels: Sentinels) -> None:
    """Stop the replicas, cut their links, and let the master take what nobody copies."""
    sentinels.old = master = sentinels.master()
    for server in sentinels.servers:
        if server is not master:
            server.stop()
    master.ask("CONFIG", "SET", "min-replicas-to-write", "0")
    master.ask("CLIENT", "KILL", "TYPE", "replica")


def _revision_of(replica: Replica, address: str) -> int:
    """That of the endpoint with this address, 0 when there is none."""
    return max((json.loads(text)["revision"] for text in replica.records().values() if address in text), default=0)


def _try(replica: Replica, service: str, address: str) -> dict[str, Any] | None:
    """The reply to a registration, None when it is not acknowledged."""
    try:
        return replica.register(service, "a", address)
    except (OSError, AssertionError):
        return None


async def _when_equal(replicas: list[Replica]) -> dict[str, str]:
    """What both mirrors hold, as soon as that is the same."""
    async with asyncio.timeout(30):
        while True:
            one, two = [await asyncio.to_thread(replica.records) for replica in replicas]
            statuses = [await asyncio.to_thread(replica.ready) for replica in replicas]
            if one == two and all(status.get("connected") for status in statuses):
                return one
            await asyncio.sleep(0.2)


def test_a_revision_that_stands_for_two_things_is_seen():
    """The check above rests on it."""
    revisions, early, late = Revisions(), Writers([]), Writers([])
    early.meanings = {7: {("a/b", "10.0.0.1")}, 8: {("a/c", "10.0.0.1")}}
    late.meanings = {8: {("a/c", "10.0.0.1")}}  # a repeat: the same object still stands there
    for writers in (early, late):
        revisions.add(writers)
    assert not revisions.twice
    late.meanings = {7: {("a/b", "10.0.0.2")}}
    revisions.add(late)
    assert len(revisions.twice) == 1
