"""A core for who answers and who asks, apart from all else: a latency is then not that of a machine with too few."""

import os
import subprocess
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def apart(answering: Collection[int]) -> Iterator[frozenset[int]]:
    """These processes on the first core; we, all that we have started and will start, on the others.

    Gives the first core, for who asks. Where there is one only, or nobody may choose, it gives none and moves nobody.
    """
    cores = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
    first = frozenset(sorted(cores)[:1])
    if len(cores) < 2 or not _move([os.getpid()], cores - first):
        yield frozenset()
        return
    try:
        _move(_descendants() - set(answering), cores - first)
        _move(answering, first)
        yield first
    finally:
        _move([os.getpid(), *_descendants()], cores)


def _move(pids: Iterable[int], cores: Collection[int]) -> bool:
    """All threads of these processes to these cores. False when one could not be moved, because it has ended, say."""
    is_done = True
    for pid in pids:
        try:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores)
        except OSError:
            is_done = False
    return is_done


def _descendants() -> set[int]:
    """All processes that descend from us."""
    told = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in told.splitlines())}
    found = [os.getpid()]
    for each in found:  # grows while it is walked
        found += [pid for pid, parent in parents.items() if parent == each]
    return set(found[1:])
