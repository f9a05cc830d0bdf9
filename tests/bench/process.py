"""What processes cost, from /proc: CPU time, memory, children; and on which cores they run."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PARENT, _USER_TICKS, _SYSTEM_TICKS = 1, 11, 12
"""Where they stand in /proc/PID/stat behind the name (proc(5) counts from 1, and the name is its second field)."""

ALL_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES = ALL_CORES[:1]
CLIENT_CORES = ALL_CORES[1:2] or ALL_CORES[:1]
OTHER_CORES = ALL_CORES[1:] or ALL_CORES


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of all threads of these processes, since their start. A tick is 10 ms."""
    ticks = 0
    for pid in pids:
        fields = _stat(pid)
        ticks += int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
    return ticks / TICKS_A_SECOND


def waited_seconds(pids: Iterable[int]) -> float:
    """How long these processes' main threads were ready to run and had no core; 0 where the kernel does not tell."""
    nanoseconds = 0
    for pid in pids:
        told = Path(f"/proc/{pid}/schedstat")
        nanoseconds += int(told.read_text().split()[1]) if told.exists() else 0
    return nanoseconds / 1e9


def resident_kib(pid: int) -> int:
    """Resident memory of a process, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    parents = dict(_parents())
    found = [pid]
    for each in found:  # grows while it is walked
        found += [child for child, parent in parents.items() if parent == each]
    return found


def command_line(pid: int) -> str:
    """Its words with spaces between; nothing once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def pin(pids: Iterable[int], cores: Sequence[int]) -> None:
    """Let all threads of these processes run on these cores alone."""
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended: a store's child that rewrote its file
            for thread in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(thread), cores)


@contextmanager
def running_on(cores: Sequence[int]) -> Iterator[None]:
    """Run ourselves, and what we start meanwhile, on these cores alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _parents() -> Iterator[tuple[int, int]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                yield int(entry), int(_stat(int(entry))[_PARENT])
            except OSError:
                continue  # it has ended meanwhile


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
