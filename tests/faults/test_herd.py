"""Row 20: a thousand clients of our own at once."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
from faults.cores import apart
from faults.elsewhere import probed
from faults.probe import Tally

pytestmark = pytest.mark.timeout(300)

CLIENTS = 1000
LEASE_SECONDS = 15
ROUNDS = 3
IDLE_SECONDS = 3.0
QUESTIONS_A_SECOND = 500
GRAIN = 0.001
"""Seconds: what a kernel's timer and a change of process may take; a smaller difference is none."""
LATE_IN_CI = 0.05
"""In CI other work stops this machine for longer than that, but not for one question in ten."""
GRAIN_ON_ONE_CORE = 0.02
"""Where the herd and the responder want the same core, a ratio of less is noise."""
TRUTH = {f"kept-{number}": [f"192.0.2.{number}"] for number in range(1, 6)}

HERD = """
import asyncio, sys, time
from dnsd.cli.client import Client
from dnsd.cli.keeper import Keeper
from dnsd.cli.options import Connection
from dnsd.cli.registration import Registration
from dnsd.model.service import Endpoint
from dnsd.runtime.clock import SystemClock

servers, count, lease, seconds = sys.argv[1].split(","), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])

async def one(number):
    address = f"10.3.{number // 250}.{number % 250 + 1}"
    endpoint = Endpoint("herd", f"svc-{number % 20}", f"e{number}", (address,), lease_seconds=lease)
    path = f"/v1/namespaces/herd/services/{endpoint.service}/endpoints/{endpoint.id}"
    registration = Registration(path, {"address": address, "lease_seconds": lease}, endpoint)
    order = servers[number % len(servers):] + servers[:number % len(servers)]
    async with Client(Connection(tuple(order))) as client:
        keeper = Keeper(client, registration, SystemClock(), lambda text: None)
        keeping = asyncio.ensure_future(keeper.keep())
        start = time.monotonic()
        while not keeper.is_registered and time.monotonic() < start + 2 * lease:
            await asyncio.sleep(0.05)
        took = time.monotonic() - start
        await asyncio.sleep(max(0.0, start + seconds - time.monotonic()))
        keeping.cancel()
        return took if keeper.is_registered else float("inf")

async def herd():
    return await asyncio.gather(*[one(number) for number in range(count)])

start = time.monotonic()
took = sorted(asyncio.run(herd()))
print(start, took[len(took) // 2], took[-1])
"""
"""The herd, in a process of its own: keepers as ``dnsd run`` has one each."""


@dataclass(frozen=True)
class Coming:
    """One herd: when it began (monotonic), how long half of it took and the last of it; the probe before and beside."""

    start: float
    half: float
    last: float
    idle: Tally
    probe: Tally

    def coming(self) -> Tally:
        """What the probe saw until the last of them was in."""
        return self.probe.within(self.start, self.start + self.last)

    def delay(self, grain: float) -> tuple[float, float]:
        """p99 while they came in and for the whole time, both in seconds above what is allowed."""
        idle = self.idle.percentile(0.99)
        allowed = max(2 * idle, idle + grain)
        return self.coming().percentile(0.99) - allowed, self.probe.percentile(0.99) - allowed


class Herds:
    """Clients that come to all replicas at once, and the first one's DNS before and meanwhile."""

    def __init__(self, replicas, names: Mapping[str, Sequence[str]], program: Path, count: int, seconds: float) -> None:
        self._replicas, self._names, self._count, self._seconds = replicas, names, count, seconds
        program.write_text(HERD)
        servers = ",".join(replica.url for replica in replicas)
        self._words = [sys.executable, str(program), servers, str(count), str(LEASE_SECONDS), str(seconds)]

    async def come(self, cores: frozenset[int]) -> Coming:
        """They register, and renew until the time is over."""
        idle = await self._probed(IDLE_SECONDS, cores)
        probing = asyncio.ensure_future(self._probed(self._seconds, cores))
        niceness = "0" if cores else "19"  # on the responder's core it takes only what nobody else wants
        herd = await asyncio.create_subprocess_exec(
            "nice", "-n", niceness, *self._words, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
        )
        told, _ = await herd.communicate()
        return Coming(*map(float, told.split()), idle, await probing)

    async def go(self) -> None:
        """They are deregistered, all in one change."""
        keys = [(f"svc-{number % 20}", f"e{number}") for number in range(self._count)]
        operations = [
            {"op": "delete", "kind": "endpoint", "namespace": "herd", "service": service, "id": name}
            for service, name in keys
        ]
        status, document = await asyncio.to_thread(
            self._replicas[0].call, "POST", "/v1/batch", {"operations": operations}, 30
        )
        assert status == 200, document

    async def standing(self) -> list[str]:
        """Those of them that another replica has."""
        records = await asyncio.to_thread(self._replicas[1].records)
        return [key for key in records if key.startswith("herd/") and key.count("/") == 2]

    async def _probed(self, seconds: float, cores: frozenset[int]) -> Tally:
        return await asyncio.to_thread(probed, self._replicas[0].dns, self._names, seconds, QUESTIONS_A_SECOND, cores)


async def test_a_thousand_clients_register_at_once(make_server, make_replica, tmp_path, scale):
    """Row 20: all in within two leases, nobody expires, DNS goes on at its speed.

    In the field the clients are a thousand other machines. Here they, control, the store and the other replicas have
    all cores but the first, which is the responder's and its probe's: judged is what changes do to answers.
    """
    server = make_server("redis", "--appendonly", "yes")
    replicas = [make_replica(server.url, name, workers=1, is_waited_for=False) for name in ("one", "two", "three")]
    for replica in replicas:
        replica.wait()
    names = replicas[0].fill(TRUTH)
    count, seconds = int(CLIENTS * max(scale, 0.5)), LEASE_SECONDS * max(0.4, 3 * scale)
    herds = Herds(replicas, names, tmp_path / "herd.py", count, seconds)
    comings = []
    with apart(replicas[0].children("dnsd.app responder")) as cores:
        for _ in range(ROUNDS if scale == 1 else 1):
            comings.append(await herds.come(cores))
            assert len(await herds.standing()) == count
            if scale == 1:
                await herds.go()
    for coming in comings:
        print(_line(coming))
        coming.idle.assert_flawless()
        coming.probe.assert_flawless()
        assert coming.last <= 2 * LEASE_SECONDS
    assert sum(replica.log.count("endpoints expired") for replica in replicas) == 0
    if scale == 1:
        grain = GRAIN if cores else GRAIN_ON_ONE_CORE
        for delays in zip(*(coming.delay(grain) for coming in comings), strict=True):
            assert median(delays) <= 0, [f"{1000 * delay:.1f} ms too late" for delay in delays]
    else:
        (coming,) = comings
        assert coming.coming().percentile(0.9) <= max(2 * coming.idle.percentile(0.99), LATE_IN_CI)


def _line(coming: Coming) -> str:
    idle, whole = (1000 * tally.percentile(0.99) for tally in (coming.idle, coming.probe))
    while_coming = 1000 * coming.coming().percentile(0.99)
    return (
        f"row 20: half in after {coming.half:.1f} s, all after {coming.last:.1f} s of {2 * LEASE_SECONDS}; p99 idle "
        f"{idle:.2f} ms, while they come {while_coming:.2f} ms ({while_coming / idle:.1f} x), until they are gone "
        f"{whole:.2f} ms ({whole / idle:.1f} x)"
    )
