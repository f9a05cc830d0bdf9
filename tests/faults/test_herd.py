"""Row 20: a thousand clients of our own at once."""

import asyncio
import sys
import time
from pathlib import Path

import pytest
from faults.elsewhere import probed

pytestmark = pytest.mark.timeout(300)

CLIENTS = 1000
LEASE_SECONDS = 15
IDLE_SECONDS = 3.0
LATENCY_LEAST = 0.02
"""Seconds; below this a ratio of latencies is noise of a shared machine."""
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
        while not keeper.is_registered and time.monotonic() < start + seconds:
            await asyncio.sleep(0.05)
        took = time.monotonic() - start
        await asyncio.sleep(max(0.0, start + seconds - time.monotonic()))
        keeping.cancel()
        return took if keeper.is_registered else float("inf")

async def herd():
    return await asyncio.gather(*[one(number) for number in range(count)])

took = sorted(asyncio.run(herd()))
print(took[len(took) // 2], took[-1])
"""
"""The herd, in a process of its own: keepers as ``dnsd run`` has one each."""


async def test_a_thousand_clients_register_at_once(make_server, make_replica, tmp_path, scale):
    """Row 20: all in within two leases, nobody expires, DNS goes on at its speed.

    In the field the clients are a thousand other machines. Here they have our two cores: their process takes what
    nobody else wants (nice 19), and the probe is a process of its own, idle and beside them alike.
    """
    server = make_server("redis", "--appendonly", "yes")
    replicas = [make_replica(server.url, name, workers=1, is_waited_for=False) for name in ("one", "two", "three")]
    for replica in replicas:
        replica.wait()
    names = replicas[0].fill(TRUTH)
    count, lease = int(CLIENTS * max(scale, 0.5)), LEASE_SECONDS
    idle = await asyncio.to_thread(probed, replicas[0].dns, names, IDLE_SECONDS)
    program = tmp_path / "herd.py"
    program.write_text(HERD)
    servers = ",".join(replica.url for replica in replicas)
    seconds = lease * max(0.4, 3 * scale)
    words = ["-n", "19", sys.executable, str(program), servers, str(count), str(lease), str(seconds)]
    start = time.monotonic()
    probing = asyncio.ensure_future(asyncio.to_thread(probed, replicas[0].dns, names, seconds))
    herd = await asyncio.create_subprocess_exec(
        "nice", *words, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
    )
    told, _ = await herd.communicate()
    probe = await probing
    half, last = map(float, told.split())
    records = await asyncio.to_thread(replicas[1].records)
    standing = [key for key in records if key.startswith("herd/") and key.count("/") == 2]
    expired = sum(replica.log.count("endpoints expired") for replica in replicas)
    ratio = probe.percentile(0.99) / idle.percentile(0.99)
    print(
        f"\n{count} clients: half in after {half:.1f} s, all after {last:.1f} s of {2 * lease}; {len(standing)} stand "
        f"at {time.monotonic() - start:.0f} s; p99 {1000 * probe.percentile(0.99):.1f} ms, {ratio:.1f} of idle"
    )
    probe.assert_flawless()
    assert last <= 2 * lease
    assert (len(standing), expired) == (count, 0)
    assert probe.percentile(0.99) <= max(2 * idle.percentile(0.99), LATENCY_LEAST) or scale < 1
