"""Loads of questions, sent by dnsperf from the client's core, and what came back."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from precedence import as_client
from process import CLIENT_CORES

_COMPLETED = re.compile(r"Queries completed:\s+(\d+)")
_LOST = re.compile(r"Queries lost:\s+(\d+)")
_SIZES = re.compile(r"Average packet size:\s+request \d+, response (\d+)")
_LATENCY = re.compile(r"^> [A-Z]+ \S+ \S+ ([0-9.]+)$", re.MULTILINE)
_END_SECONDS = 30
_LOST_AFTER_SECONDS = 1
"""It waits for the last lost answer, and what the server spends meanwhile is counted: not the 5 s of its default."""


class ToolMissing(Exception):
    """A program that a row cannot do without is not installed."""


@dataclass(frozen=True)
class Load:
    """``ports`` clients with ``outstanding`` queries in the air together; ``rate`` a second, 0: as fast as it goes.

    ``is_once``: the file is read once, so that no question comes twice. ``is_packets``: it holds packets.
    """

    file: Path
    ports: int = 8
    outstanding: int = 200
    rate: int = 0
    is_tcp: bool = False
    is_once: bool = False
    is_packets: bool = False


@dataclass(frozen=True)
class Outcome:
    """What dnsperf counted; ``latencies`` in seconds, sorted, where they were asked for."""

    completed: int
    lost: int
    reply_octets: int
    latencies: Sequence[float] = field(default=(), repr=False)

    def quantile(self, share: float) -> float:
        """The latency that this share of all answers kept, in seconds. A lost query counts as infinitely slow."""
        rank = int(share * (len(self.latencies) + self.lost))
        return self.latencies[rank] if rank < len(self.latencies) else float("inf")


def send(
    load: Load,
    server: tuple[str, int],
    seconds: float,
    *,
    with_latencies: bool = False,
    cores: Sequence[int] = CLIENT_CORES,
) -> Outcome:
    """Ask ``server`` for so long. Raises ToolMissing; a RuntimeError when nothing was answered or it hangs.

    ``with_latencies``: dnsperf goes before all others on its core.
    """
    if shutil.which("dnsperf") is None:
        raise ToolMissing("dnsperf")
    words = ["dnsperf", "-W", *_words(load, server, seconds), *(["-v"] if with_latencies else [])]
    pinned = ["taskset", "-c", ",".join(map(str, cores)), *words] if shutil.which("taskset") else words
    done = _ended(as_client(pinned) if with_latencies else pinned, seconds + _END_SECONDS)
    completed, lost, octets = (_number(found, done.stdout) for found in (_COMPLETED, _LOST, _SIZES))
    if not completed:
        raise RuntimeError(f"nothing was answered: {' '.join(words)}\n{done.stdout[-1500:]}{done.stderr[-500:]}")
    return Outcome(completed, lost, octets, sorted(map(float, _LATENCY.findall(done.stdout))))


def _ended(command: list[str], within_seconds: float) -> subprocess.CompletedProcess[str]:
    """dnsperf, which has ended. Raises RuntimeError when it hangs: asked again, what the server spent counts twice."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=within_seconds
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"did not end in {within_seconds:g} s: {' '.join(command)}") from None


def _words(load: Load, server: tuple[str, int], seconds: float) -> list[str]:
    host, port = server
    words = [
        "-s",
        host,
        "-p",
        str(port),
        "-d",
        str(load.file),
        "-l",
        str(seconds),
        "-T",
        "1",
        "-t",
        str(_LOST_AFTER_SECONDS),
    ]
    words += ["-c", str(load.ports), "-q", str(load.outstanding), "-m", "tcp" if load.is_tcp else "udp"]
    words += ["-Q", str(load.rate)] if load.rate else []
    words += ["-n", "1"] if load.is_once else []
    words += ["-B"] if load.is_packets else []
    return words


def _number(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    return int(found[1]) if found else 0
