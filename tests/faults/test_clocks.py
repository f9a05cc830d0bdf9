"""Row 18: the wall clocks of dnsd and of its store step, and dnsd is paused; leases are counted by none of them.

Where the store's clock steps it is Valkey: Debian's Redis, with its allocator, does not start under libfaketime.
"""

import http.client
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime
from functools import partial
from glob import glob
from typing import NamedTuple

import pytest
from faults.probe import Probe
from faults.replica import Replica, endpoint_path, until
from room import require
from servers import Server

pytestmark = pytest.mark.timeout(400)

LEASE_SECONDS = 15
PAUSE_SECONDS = 60
LATE_SECONDS = 1.5
MINUTE = 60
SILENT, NOBODY = frozenset(["10.0.0.7"]), (frozenset(), "NXDOMAIN")
STEPS = {"a minute ahead": "+60", "a day ahead": "+86400", "an hour back": "-3600"}
TRUTH = {f"kept-{number}": [f"192.0.2.{number}", f"198.51.100.{number}"] for number in range(1, 4)}


def faked(path) -> dict[str, str]:
    """What makes a process take its wall clock from a file, and only that one."""
    require("faketime")
    library = glob("/usr/lib/*/faketime/libfaketime.so.1")[0]
    path.write_text("+0")
    return {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(path),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def _keep(replica: Replica, seconds: float, every: float) -> None:
    """Heartbeats of everything in TRUTH for so long."""
    items = [
        {"namespace": "default", "service": service, "id": f"{service}-{number}"}
        for service in TRUTH
        for number in range(2)
    ]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status, document = replica.call("POST", "/v1/renew", {"endpoints": items})
        assert status == 200
        assert document["unknown"] == []
        time.sleep(every)


def _vanished(replica: Replica, lease: int) -> float:
    """How long after its last heartbeat an endpoint of a service of its own left the answers."""
    replica.register("silent", "s", "10.0.0.7", lease)
    last = time.monotonic()
    until(lambda: replica.answer("silent") == SILENT, "the silent one is there")
    until(lambda: replica.answer("silent") in NOBODY, "the silent one goes", 6 * lease + 30)
    return time.monotonic() - last


class Gone(NamedTuple):
    """How long after its lease began, or went on, a silent endpoint was gone; and what that was about."""

    seconds: float
    least: float
    most: float
    told: str


def _step_clock(make_server, make_replica, tmp_path, scale: float, whose: str) -> Gone:
    lease = max(2, round(LEASE_SECONDS * scale))
    clock = tmp_path / f"clock-{whose}"
    fake = faked(clock)
    server = make_server("valkey", "--appendonly", "yes", environ=fake if whose == "store" else None)
    flags = ["--settling-seconds", str(2 * lease)]
    replica = make_replica(server.url, whose, flags=flags, environ=fake if whose == "dnsd" else None)
    wall = partial(_wall_of_store, server) if whose == "store" else partial(_wall_of_dnsd, replica)
    with Probe(replica.dns, replica.fill(TRUTH, lease)) as probe:
        for offset in STEPS.values():
            clock.write_text(offset)
            until(lambda step=int(offset): abs(wall() - time.time() - step) < MINUTE / 2, "it has the clock we gave it")
            _keep(replica, lease, lease / 3)
        with ThreadPoolExecutor(1) as pool:
            kept = pool.submit(_keep, replica, 2 * lease + 6 * scale, lease / 3)
            took = _vanished(replica, lease)
            kept.result()
    probe.assert_flawless()
    told = f"clock of {whose} steps: gone after {took:.2f} s of a lease of {lease} s"
    return Gone(took, lease, lease + _late(scale), told)


def _wall_of_store(server: Server) -> float:
    """What the store's clock says, in Unix seconds."""
    return int(server.ask("TIME").split("\r\n")[2])


def _wall_of_dnsd(replica: Replica) -> float:
    """What dnsd's clock says, in Unix seconds."""
    with suppress(OSError), closing(http.client.HTTPConnection(*replica.admin, timeout=5)) as connection:
        connection.request("GET", "/livez")
        reply = connection.getresponse()
        reply.read()
        return parsedate_to_datetime(reply.headers["Date"]).timestamp()
    return 0.0


def _late(scale: float) -> float:
    """So many seconds after its time an endpoint may be gone; a second more in CI, where others have the cores."""
    return LATE_SECONDS if scale == 1 else LATE_SECONDS + 1


def _pause(make_server, make_replica, scale: float) -> Gone:
    """The only replica is paused: whoever was alive has a whole lease and the settling time when it is back."""
    lease = max(2, round(LEASE_SECONDS * scale))
    server = make_server("redis", "--appendonly", "yes")
    replica = make_replica(server.url, "paused", flags=["--settling-seconds", str(2 * lease)])
    names = replica.fill(TRUTH, lease)
    time.sleep(2)
    replica.register("silent", "s", "10.0.0.7", lease)
    until(lambda: replica.answer("silent") == SILENT, "the silent one is there")
    replica.signal(signal.SIGSTOP)
    time.sleep(PAUSE_SECONDS * scale)
    replica.signal(signal.SIGCONT)
    back = time.monotonic()
    with Probe(replica.dns, names) as probe, ThreadPoolExecutor(1) as pool:
        kept = pool.submit(_keep, replica, 3 * lease + 6 * scale, lease / 3)
        until(lambda: replica.answer("silent") in NOBODY, "the silent one goes", 6 * lease + 30)
        took = time.monotonic() - back
        kept.result()
    probe.assert_flawless()
    status, document = replica.call("POST", endpoint_path("silent", "s") + "/renew")
    assert (status, document["type"]) == (404, "/problems/register-again")
    told = f"paused {PAUSE_SECONDS * scale:.0f} s: gone {took:.2f} s after, settling {2 * lease} s, lease {lease} s"
    # It had its lease when the pause began, and nothing counted on before the settling time was over.
    return Gone(took, 2 * lease, 2 * lease + lease + _late(scale), told)


def test_clock_steps_and_pauses_end_no_lease_early_and_none_much_late(make_server, make_replica, tmp_path, scale):
    """Row 18: 0 early expiries; late by at most 1.5 s after settling."""
    with ThreadPoolExecutor(3) as pool:
        jobs = [
            pool.submit(_step_clock, make_server, make_replica, tmp_path, scale, "dnsd"),
            pool.submit(_step_clock, make_server, make_replica, tmp_path, scale, "store"),
            pool.submit(_pause, make_server, make_replica, scale),
        ]
    for gone in [job.result() for job in jobs]:
        print(gone.told)
        assert gone.least <= gone.seconds <= gone.most, gone.told
