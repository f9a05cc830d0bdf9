"""Row 19: heartbeats of many stop at once, for the network between is broken; and a service of which only drained ones
are left."""

import subprocess
import sys
import threading
import time

import pytest
from faults.probe import Probe
from faults.replica import ROOT, Replica, until

pytestmark = pytest.mark.timeout(200)

LEASE_SECONDS = 15
SERVICES, EACH = 20, 4
GONE_MOST = 0.15
TRUTH = {
    f"kept-{number}": [f"10.6.{number}.{each + 1}" for each in range(EACH)] for number in range(SERVICES)
}  # fmt: skip
EVERYBODY = [(service, number) for service in TRUTH for number in range(EACH)]


class Hearts(threading.Thread):
    """Heartbeats of ``living``, a third of them at a time, each every third of a lease."""

    def __init__(self, replica: Replica, lease: float) -> None:
        super().__init__()
        self.living = list(EVERYBODY)
        self.ending = threading.Event()
        self._replica, self._pause = replica, lease / 9

    def run(self) -> None:
        turn = 0
        while not self.ending.wait(self._pause):
            turn += 1
            items = [
                {"namespace": "default", "service": service, "id": f"{service}-{number}"}
                for at, (service, number) in enumerate(self.living)
                if at % 3 == turn % 3
            ]
            if items:
                self._replica.call("POST", "/v1/renew", {"endpoints": items})


def _standing(replica: Replica) -> int:
    return sum(key.count("/") == 2 for key in replica.records())


def _is_on(replica: Replica) -> bool:
    return bool(replica.ready()["self_preservation"])


def _listed(replica: Replica) -> str:
    """What ``dnsd list`` tells people beside the list."""
    words = [sys.executable, "-m", "dnsd", "list", "--server", replica.url]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stderr


def test_no_service_goes_empty_when_a_third_and_then_all_heartbeats_stop(make_server, make_replica, scale):
    """Row 19: with 30 % the guard is on within a lease and at most 15 % go; with 100 % no service goes empty."""
    lease = max(3, round(LEASE_SECONDS * scale))
    replica = make_replica(make_server("redis").url)
    names = replica.fill(TRUTH, lease)
    hearts = Hearts(replica, lease)
    hearts.start()
    try:
        time.sleep(2)
        assert not _is_on(replica)
        with Probe(replica.dns, names) as probe:
            hearts.living = [each for at, each in enumerate(EVERYBODY) if at % 10 >= 3]
            took = until(lambda: _is_on(replica), "self-preservation is on", 3 * lease)
            time.sleep(lease)
            left = _standing(replica)
            hearts.living = []
            time.sleep(lease + 2)
            at_last = _standing(replica)
            is_still_on, held = _is_on(replica), replica.ready()["held_endpoints"]
            metric, listed = replica.metric("dnsd_self_preservation"), _listed(replica)
    finally:
        hearts.ending.set()
        hearts.join()
    probe.assert_never("NXDOMAIN")
    probe.assert_never("wrong []")
    told = f"on after {took:.1f} s of a lease of {lease} s; {left} and {at_last} of {len(EVERYBODY)} stand, {held} held"
    print(f"\n{told}")
    # Who stops has renewed a third of a lease ago at most; at a fifth, the tick that a lease has on top is not made up.
    assert took <= lease + (0 if scale == 1 else 2), told
    assert left >= (1 - GONE_MOST) * len(EVERYBODY), told
    assert at_last >= (1 - GONE_MOST) * len(EVERYBODY), told
    assert is_still_on, told
    assert (metric, replica.log.count("self-preservation is on: ")) == (1, 1)
    assert f"self-preservation is on: {held} endpoints are kept" in listed
    assert all(isinstance(replica.answer(service), frozenset) and replica.answer(service) for service in TRUTH)


def test_when_only_drained_endpoints_are_left_they_are_answered(make_server, make_replica):
    """Leases 5: if all that is left is draining, the draining ones are answered."""
    replica = make_replica(make_server("redis").url)
    replica.register("web", "stays", "10.0.0.1", 1)
    replica.register("web", "drained", "10.0.0.2")
    status, _ = replica.call("POST", "/v1/namespaces/default/services/web/endpoints/drained/drain")
    assert status == 200
    assert replica.answer("web") == frozenset(["10.0.0.1"])
    until(lambda: replica.answer("web") != frozenset(["10.0.0.1"]), "the other one's lease runs out")
    assert replica.answer("web") == frozenset(["10.0.0.2"])
