"""The probe and a crowd of bad clients in processes of their own: what one of them waits for is never the other.

``python -m faults.elsewhere probe|crowd ARGUMENTS``, the arguments one JSON list.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from faults.peers import Crowd
from faults.probe import UDP_A_SECOND, Probe, Tally, Wrong

TESTS = Path(__file__).parents[1]


def probed(
    address: tuple[str, int],
    truth: Mapping[str, Sequence[str]],
    seconds: float,
    udp: int = UDP_A_SECOND,
    cores: Collection[int] = (),
) -> Tally:
    """What the probe saw in so many seconds, latencies included; ``cores``: where it runs, all if none are named."""
    with _elsewhere("probe", address, truth, seconds, udp, list(cores)) as process:
        told, _ = process.communicate(timeout=seconds + 60)
    tally = Tally(**json.loads(told))
    tally.wrong = [Wrong(*each) for each in tally.wrong]  # type: ignore[misc]
    return tally


@contextmanager
def crowd(address: tuple[str, int], name: str, **kinds: int) -> Iterator[None]:
    """Peers of these kinds, all of which have begun to connect, as long as the block lasts."""
    with _elsewhere("crowd", address, name, kinds) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            process.communicate("", timeout=60)


@contextmanager
def _elsewhere(what: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    words = [sys.executable, "-m", "faults.elsewhere", what, json.dumps(arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=TESTS, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _probe(
    address: Sequence[object], truth: Mapping[str, Sequence[str]], seconds: float, udp: int, cores: Sequence[int]
) -> None:
    if cores:
        os.sched_setaffinity(0, cores)
    with Probe((str(address[0]), int(str(address[1]))), truth, udp) as probe:
        time.sleep(seconds)
    tally = probe.tally
    wrong = [(each.at, each.transport, each.name, each.what) for each in tally.wrong]
    times = {"latencies": tally.latencies, "answered_at": tally.answered_at}
    print(json.dumps({"asked": tally.asked, "answered": tally.answered, "wrong": wrong, **times}))


def _crowd(address: Sequence[object], name: str, kinds: Mapping[str, int]) -> None:
    with Crowd((str(address[0]), int(str(address[1]))), name, **kinds):
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    {"probe": _probe, "crowd": _crowd}[sys.argv[1]](*json.loads(sys.argv[2]))
