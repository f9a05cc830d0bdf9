"""What fault tests may ask for: a loopback of their own, replicas on it, and the scale of times."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults.loopback import own_loopback
from faults.replica import Replica
from room import lacking, require

CLONE_NEWNET = 0x4000_0000
FULL = 1.0
FIFTH = 0.2


@pytest.fixture(params=[FIFTH, pytest.param(FULL, marks=pytest.mark.long)], ids=["fifth", "full"])
def scale(request: pytest.FixtureRequest) -> float:
    """What the durations of faults.md are multiplied with: CI runs at a fifth."""
    return float(request.param)


@pytest.fixture(autouse=True, name="own_loopback")
def loopback_of_a_test() -> Iterator[bool]:
    """So no test meets another one's ports, and a packet filter drops nobody else's packets."""
    with own_loopback() as is_own:
        yield is_own


@pytest.fixture
def packet_filter(own_loopback: bool) -> Callable[[str], None]:
    """Runs one nft command in the test's own loopback."""
    require("nft")
    if not own_loopback:
        lacking("root, for a packet filter of one's own")
    return lambda command: subprocess.run(["nft", command], check=True).check_returncode()


MakeReplica = Callable[..., Replica]


@pytest.fixture
def make_replica(tmp_path: Path, own_loopback: bool) -> Iterator[MakeReplica]:
    """Started replicas, ready unless ``is_waited_for`` is False; none may have printed a traceback in the end."""
    made: list[Replica] = []

    def make(redis: str = "", name: str = "one", *, is_waited_for: bool = True, **more: object) -> Replica:
        replica = Replica(tmp_path / name, redis, name=name, **more)
        made.append(replica)
        replica.start()
        return replica.wait() if is_waited_for else replica

    yield make
    for replica in made:
        replica.kill()
    for replica in made:
        assert "Traceback" not in replica.log, replica.log[-4000:]
