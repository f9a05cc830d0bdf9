"""TCP clients that are silent, slow or deaf: rows 9 and 10 of the table of faults."""

import time

import pytest
from faults.peers import Crowd, descriptors
from faults.probe import Probe
from faults.replica import until

pytestmark = pytest.mark.timeout(300)

MEGABYTE = 1 << 20
IDLE_SECONDS = 10.0
TRUTH = {f"web-{number}": [f"192.0.2.{number}"] for number in range(1, 6)}
LATENCY_LEAST = 0.02
"""Seconds; below this a ratio of latencies is noise of a shared machine."""


def test_slow_and_silent_clients_keep_nobody_else_waiting(make_replica, scale):
    """Row 9: 2,000 idle and 500 slow TCP clients, ``ulimit -n 1024``: probe 100 %, p99 at most three times idle."""
    with descriptors(1024):
        replica = make_replica(workers=1, flags=("--tcp-idle-seconds", str(IDLE_SECONDS * scale)))
    names = replica.fill(TRUTH)
    with Probe(replica.dns, names) as calm:
        time.sleep(10 * scale)
    with Crowd(replica.dns, next(iter(names)), idle=2000, slow=500) as crowd:
        until(lambda: replica.metric("dnsd_dns_tcp_accepted_total") > 400, "the crowd is there")
        with Probe(replica.dns, names) as probe:
            time.sleep(30 * scale)
        accepted = replica.metric("dnsd_dns_tcp_accepted_total")
    idle, busy = calm.tally.percentile(0.99), probe.tally.percentile(0.99)
    print(f"row 9: {accepted:.0f} accepted, {sum(map(len, crowd.lives.values()))} ended, p99 {1e3 * idle:.1f} ms idle,")
    print(f"row 9: {1e3 * busy:.1f} ms beside them, asked {dict(probe.tally.asked)}")
    calm.assert_flawless()
    probe.assert_flawless()
    assert accepted > 500
    # One machine runs both ends and other tests beside: only the full run is long enough to judge a time by.
    if scale == 1:
        assert busy <= max(3 * idle, LATENCY_LEAST)


def test_who_never_reads_is_gone_soon_and_costs_little(make_replica, scale):
    """Row 10: RSS growth at most 10 MB, gone within 10 s; no connection open 12 s without an octet from us."""
    replica = make_replica(workers=1, flags=("--tcp-idle-seconds", str(IDLE_SECONDS * scale)))
    names = replica.fill(TRUTH)
    (many,) = replica.fill({"many": [f"10.0.0.{number}" for number in range(1, 200)]})
    with Probe(replica.dns, names) as probe:
        before = replica.memory()
        peak = before
        with Crowd(replica.dns, many, again=False, deaf=300, idle=50, slow=50) as crowd:
            end = time.monotonic() + 60
            while crowd.open and time.monotonic() < end:
                peak = max(peak, replica.memory())
                time.sleep(0.1)
            assert not crowd.open, f"{crowd.open} connections live on"
            longest = {kind: crowd.longest(kind, time.monotonic()) for kind in crowd.lives}
    growth = (peak - before) / MEGABYTE
    print(f"row 10: RSS +{growth:.1f} MB, longest lives { ({kind: round(life, 1) for kind, life in longest.items()}) }")
    probe.assert_flawless()
    assert growth <= 10
    assert replica.metric("dnsd_dns_tcp_closed_total") >= 400
    # A sweep late by half a second; on a busy machine, which CI is, by more.
    spare = 0.5 if scale == 1 else 8
    assert longest["deaf"] <= 10 * scale + spare
    assert max(longest["idle"], longest["slow"]) <= 12 * scale + spare
