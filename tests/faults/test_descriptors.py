"""Row 11: no file descriptors left."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from faults.peers import Crowd, descriptors
from faults.probe import Probe, ask_tcp, question
from faults.replica import Replica, cpu_seconds, until

pytestmark = pytest.mark.timeout(300)

TRUTH = {f"web-{number}": [f"192.0.2.{number}"] for number in range(1, 6)}


def serves_tcp(replica: Replica, name: str) -> bool:
    """True when a question over a connection of its own is answered."""
    try:
        return bool(ask_tcp(replica.dns, question(1, name)))
    except OSError:
        return False


@contextmanager
def starved(pid: int) -> Iterator[None]:
    """Not one file more for this process, however few it has."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def the_answering(replica: Replica) -> int:
    """The process that answers DNS: a responder, or with no workers the one there is."""
    assert replica.process is not None
    return next(iter(replica.children("responder")), replica.process.pid)


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.long)])
def test_few_descriptors_are_enough_for_udp_and_shared_out_over_tcp(make_replica, workers, scale):
    """``ulimit -n 64``: UDP probe 100 %, CPU below half a core beside 200 connections, recovered in 5 s."""
    with descriptors(64):
        replica = make_replica(workers=workers)
    names = replica.fill(TRUTH)
    name, pid = next(iter(names)), the_answering(replica)
    with Probe(replica.dns, names, tcp=0) as probe:
        with Crowd(replica.dns, name, idle=200) as crowd:
            time.sleep(1)
            cpu, start = cpu_seconds(pid), time.monotonic()
            time.sleep(15 * scale)
            share = (cpu_seconds(pid) - cpu) / (time.monotonic() - start)
        back = until(lambda: serves_tcp(replica, name), "TCP is served again", 30)
    print(f"row 11: ulimit -n 64, {workers} workers: CPU {share:.2f} of a core, back after {back:.2f} s,")
    print(f"row 11: asked {dict(probe.tally.asked)}, {sum(map(len, crowd.lives.values()))} connections ended")
    probe.assert_flawless()
    assert share < 0.5
    assert back <= (5 if scale == 1 else 15)
    assert replica.call("GET", "/livez")[0] == 200


@pytest.mark.parametrize("workers", [pytest.param(0, marks=pytest.mark.long), 1])
def test_without_any_descriptor_udp_goes_on_and_nothing_spins(make_replica, workers, scale):
    """Not one descriptor to be had: UDP probe 100 %, CPU below half a core while starved, recovers in 5 s."""
    replica = make_replica(workers=workers)
    names = replica.fill(TRUTH)
    name, pid = next(iter(names)), the_answering(replica)
    with Probe(replica.dns, names, tcp=0) as probe:
        with starved(pid), Crowd(replica.dns, name, idle=50):
            time.sleep(1)
            cpu, start = cpu_seconds(pid), time.monotonic()
            time.sleep(10 * scale)
            share = (cpu_seconds(pid) - cpu) / (time.monotonic() - start)
        back = until(lambda: serves_tcp(replica, name), "TCP is served again", 30)
    refused = replica.metric("dnsd_dns_tcp_refused_total")
    print(
        f"row 11: starved, {workers} workers: CPU {share:.2f} of a core, back after {back:.2f} s, refused {refused:.0f}"
    )
    probe.assert_flawless()
    assert refused
    assert share < 0.5
    assert back <= (5 if scale == 1 else 15)
