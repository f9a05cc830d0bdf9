"""The speed that a well-behaved client gets: a closed loop of dnsperf, so many questions always under way."""

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from faults.replica import Replica, cpu_seconds

UNDER_WAY = 100
DEARER = 1.25
_COMPLETED = re.compile(r"Queries completed:\s+(\d+)")
_LOST = re.compile(r"Queries lost:\s+(\d+)")
_SECONDS = re.compile(r"Run time \(s\):\s+([0-9.]+)")
_RECEIVE_QUEUE = 4
"""Where /proc/net/udp has ``tx_queue:rx_queue`` of a socket, in hexadecimal octets."""


@dataclass(frozen=True)
class Window:
    """A stretch of that loop: questions answered a second, how many were not at all, responders' CPU seconds each."""

    rate: float
    lost: int
    cpu_seconds_each: float


class Loop:
    """The loop, asking for A of ``names`` in turn."""

    def __init__(self, replica: Replica, names: Sequence[str], folder: Path) -> None:
        self._replica = replica
        self._file = folder / "questions"
        self._file.write_text("".join(f"{name} A\n" for name in names))

    def window(self) -> Window:
        """One second of it. Raises CalledProcessError when dnsperf fails."""
        responders = self._replica.children("responder")
        before = sum(map(cpu_seconds, responders))
        told = subprocess.run(self._words(1), capture_output=True, text=True, check=True, timeout=60).stdout
        spent = sum(map(cpu_seconds, responders)) - before
        completed, lost, seconds = (float(pattern.findall(told)[0]) for pattern in (_COMPLETED, _LOST, _SECONDS))
        return Window(completed / seconds, int(lost), spent / max(1.0, completed))

    def going_on(self, rate: float) -> "subprocess.Popen[bytes]":
        """So many questions a second until the process that asks them is killed."""
        words = [*self._words(86_400), "-Q", str(max(1, round(rate)))]
        return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def until_like(
        self, before: Sequence[Window], share: float, start: float, within_seconds: float
    ) -> tuple[float, Window]:
        """Window after window until one is like those ``before``; when it began, seconds after ``start``.

        Like them: nothing lost, at least ``share`` of the slowest one's rate, and no question dearer than a quarter
        above the dearest one's.
        """
        rate = share * min(window.rate for window in before)
        cost = DEARER * max(window.cpu_seconds_each for window in before)
        while True:
            begun = time.monotonic() - start
            window = self.window()
            if window.rate >= rate and not window.lost and window.cpu_seconds_each <= cost:
                return begun, window
            assert begun < within_seconds, f"{window} {begun:.1f} s later, not {rate:.0f}/s at {1e6 * cost:.1f} us"

    def _words(self, seconds: int) -> list[str]:
        host, port = self._replica.dns
        words = ["dnsperf", "-s", host, "-p", str(port), "-d", str(self._file), "-l", str(seconds), "-t", "1", "-W"]
        return [*words, "-c", "4", "-T", "1", "-q", str(UNDER_WAY)]


@contextmanager
def half_load(replicas: Sequence[Replica], names: Sequence[str], folder: Path) -> Iterator[None]:
    """Half of what these replicas answer together at most, while the block lasts: to each its own, whoever is away."""
    loops = [Loop(replica, names, folder) for replica in replicas]
    with ThreadPoolExecutor(len(loops)) as pool:
        rates = [window.rate for window in pool.map(Loop.window, loops)]
    print(f"\nat most {' + '.join(f'{rate:.0f}' for rate in rates)} questions a second, half of them go on")
    loads = [loop.going_on(rate / 2) for loop, rate in zip(loops, rates, strict=True)]
    try:
        yield
        assert all(load.poll() is None for load in loads), "the load ended"
    finally:
        for load in loads:
            load.kill()
            load.wait()


def spent(replica: Replica) -> float:
    """CPU seconds of all its processes that live, since they began."""
    assert replica.process is not None
    words = ["ps", "-o", "pid=", "-g", str(replica.process.pid)]
    seconds = 0.0
    for pid in subprocess.run(words, capture_output=True, text=True, check=False).stdout.split():
        with suppress(OSError):
            seconds += cpu_seconds(int(pid))
    return seconds


def octets_waiting(port: int) -> int:
    """What lies in the receive queues of this port's UDP sockets, in this thread's network namespace."""
    lines = Path("/proc/thread-self/net/udp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(int(each[_RECEIVE_QUEUE].partition(":")[2], 16) for each in fields if each[1].endswith(f":{port:04X}"))
