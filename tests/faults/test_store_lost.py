"""Rows 5 and 13: Redis comes back empty; nobody's name is lost from DNS, and the store is filled again."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from faults.probe import Probe
from faults.replica import until

pytestmark = pytest.mark.timeout(200)

LEASE_SECONDS = 15
TRUTH = {f"kept-{number}": [f"192.0.2.{number}", f"198.51.100.{number}"] for number in range(1, 6)}


def _flush(server) -> None:
    server.ask("FLUSHALL")


def _restart_without_persistence(server) -> None:
    server.kill()
    server.start()


def _lose(lose, make_server, make_replica, scale: float) -> str:
    lease = max(3, round(LEASE_SECONDS * scale))
    server = make_server("redis")
    replica = make_replica(server.url, lose.__name__.strip("_"), flags=["--settling-seconds", str(2 * lease)])
    items = [
        {"namespace": "default", "service": service, "id": f"{service}-{number}"}
        for service in TRUTH
        for number in range(2)
    ]
    with Probe(replica.dns, replica.fill(TRUTH, lease)) as probe:
        lose(server)
        start = time.monotonic()
        while time.monotonic() < start + 2 * lease:
            replica.call("POST", "/v1/renew", {"endpoints": items})
            if ":10\r\n" in server.ask("HLEN", "{dnsd}:endpoints"):
                break
            time.sleep(lease / 3)
        took = until(lambda: ":10\r\n" in server.ask("HLEN", "{dnsd}:endpoints"), "the store is filled again", 5)
        took += time.monotonic() - start
        time.sleep(lease)
    probe.assert_flawless()
    assert took <= 2 * lease / 3 + 3
    return f"{lose.__name__}: filled again after {took:.1f} s, {sum(probe.tally.asked.values())} asked, none lost"


def test_an_emptied_store_takes_no_name_out_of_dns_and_is_filled_again(make_server, make_replica, scale):
    """Row 13: 0 names lost from DNS; the store is refilled within two heartbeats."""
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(_lose, lose, make_server, make_replica, scale)
            for lose in (_flush, _restart_without_persistence)
        ]
        print("\n" + "\n".join(job.result() for job in jobs))
