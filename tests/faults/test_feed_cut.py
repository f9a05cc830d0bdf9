"""Row 15: the mirrors' connections are cut at random under writes; every mirror ends equal, and none is ever half."""

import asyncio
import random
import time

import pytest
from faults.probe import Probe
from faults.replica import Writers, until

pytestmark = pytest.mark.timeout(200)

SECONDS = 30
WRITES_A_SECOND = 200
EQUAL_SECONDS = 2.0
TRUTH = {f"kept-{number}": [f"192.0.2.{number}", f"198.51.100.{number}"] for number in range(1, 21)}


async def _cut_at_random(server, seconds: float) -> int:
    """Kill one random connection of those that read the stream, once a second; how many were."""
    chance, end, cut = random.Random(15), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        clients = [line for line in server.ask("CLIENT", "LIST").splitlines() if "cmd=xread" in line]
        if clients:
            number = chance.choice(clients).partition("id=")[2].partition(" ")[0]
            cut += ":1" in server.ask("CLIENT", "KILL", "ID", number)
        await asyncio.sleep(1)
    return cut


async def test_three_replicas_are_equal_again_after_every_cut(make_server, make_replica, scale):
    """Row 15, and issue 5, 6: under 200 writes a second, digests equal within 2 s of the last write."""
    server = make_server("redis", "--appendonly", "yes")
    replicas = [make_replica(server.url, name, is_waited_for=False) for name in ("one", "two", "three")]
    names = replicas[0].wait().fill(TRUTH)
    for replica in replicas[1:]:
        replica.wait()
    for replica in replicas:  # another replica hears of it a moment later: until then NXDOMAIN is the truth
        until(lambda at=replica: isinstance(at.answer("kept-20"), frozenset), f"{replica.name} knows the names")
    writers = Writers(replicas, WRITES_A_SECOND)
    seconds = max(5.0, SECONDS * scale)
    with (
        Probe(replicas[0].dns, names) as one,
        Probe(replicas[1].dns, names) as two,
        Probe(replicas[2].dns, names) as three,
    ):
        _, cut = await asyncio.gather(writers.run(seconds), _cut_at_random(server, seconds))
        last = max(writers.replied_at)
        await asyncio.sleep(max(0.0, last + EQUAL_SECONDS - time.monotonic()))
        statuses = [await asyncio.to_thread(replica.ready) for replica in replicas]
        first, *others = [await asyncio.to_thread(replica.records) for replica in replicas]
    for probe in (one, two, three):
        probe.assert_flawless()
    assert len({(status["digest"], status["digest_revision"]) for status in statuses}) == 1, statuses
    assert statuses[0]["digest"]
    assert cut >= seconds // 2
    assert len(first) > len(TRUTH) * 2
    assert all(other == first for other in others)
    assert not writers.lost_from(first)
    share = 0.95 if scale == 1 else 0.05  # in CI others have the cores
    assert len(writers.replied_at) > share * WRITES_A_SECOND * seconds, writers.refused[:5]
    print(f"\n{len(writers.replied_at)} writes, {len(writers.refused)} refused, {cut} cut, {len(first)} objects equal")
