"""Who goes first on a core while latency is taken: servers as dnsd's unit has them, and whoever asks before them.

At the unit's niceness dnsd goes before everybody while it takes little of a core (``dnsd.runtime.precedence``). A rival
does not by itself, so it is put there: what dnsd gains by it is no advantage.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from dnsd.runtime.precedence import LOOK_SECONDS, QUIET_SECONDS

_UNIT = Path(__file__).parents[2] / "systemd" / "dnsd.service"
_NICENESS = int(re.findall(r"^Nice=(\S+)$", _UNIT.read_text(), re.MULTILINE)[0])
_PRIORITY = 1
_REAL_TIME = ["chrt", "--rr", str(_PRIORITY + 1)]
"""In turns, because the client's own threads share a core too: by ``--fifo`` one could keep it from the others."""


@contextmanager
def as_servers(pids: Sequence[int], *, go_first_themselves: bool) -> Iterator[bool]:
    """All threads of these processes at the niceness of dnsd's unit and in real time meanwhile, where we may do both.

    False when a server that goes first itself has not done so: it had much to do until now.
    """
    if not _is_permitted():
        yield True
        return
    led = () if go_first_themselves else pids
    try:
        _renice(pids, _NICENESS)
        _schedule(led, os.SCHED_RR, _PRIORITY)
        yield _are_first(pids)
    finally:
        _schedule(led, os.SCHED_OTHER, 0)
        _renice(pids, 0)


def as_client(command: Sequence[str]) -> list[str]:
    """The command in real time, where we may: what it waits for a core would be counted as the server's."""
    return [*_REAL_TIME, *command] if _is_permitted() else list(command)


def told() -> str:
    """What was permitted, for the document."""
    if not _is_permitted():
        return "where latency is taken, servers and dnsperf as everybody (more was not permitted)"
    servers = f"servers at niceness {_NICENESS} and in real time (dnsd by itself, while it takes little)"
    return f"where latency is taken, {servers}, dnsperf in real time before them"


def _renice(pids: Sequence[int], niceness: int) -> None:
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.setpriority(os.PRIO_PROCESS, int(thread), niceness)


def _schedule(pids: Sequence[int], policy: int, priority: int) -> None:
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setscheduler(int(thread), policy, os.sched_param(priority))


def _are_first(pids: Sequence[int]) -> bool:
    """Wait until they are; one that had much to do needs some quiet seconds before."""
    until = time.monotonic() + QUIET_SECONDS + 2 * LOOK_SECONDS
    while not all(os.sched_getscheduler(pid) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_SECONDS / 10)
    return True


@cache
def _is_permitted() -> bool:
    """A better niceness and real time, for the rivals as for dnsd."""
    if not all(map(shutil.which, ("nice", _REAL_TIME[0]))):
        return False
    better = f"test $(nice) -eq {_NICENESS} && exec {' '.join(_REAL_TIME)} true"
    tried = subprocess.run(
        ["nice", "-n", str(_NICENESS - os.getpriority(os.PRIO_PROCESS, 0)), "sh", "-c", better],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return tried.returncode == 0
