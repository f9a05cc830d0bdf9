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

from dnsd.runtime.precedence import LOOK_SECONDS

_UNIT = Path(__file__).parents[2] / "systemd" / "dnsd.service"
_NICENESS = int(re.findall(r"^Nice=(\S+)$", _UNIT.read_text(), re.MULTILINE)[0])
_PRIORITY = 1
_REAL_TIME = ["chrt", "--rr", str(_PRIORITY + 1)]
"""In turns, because the client's own threads share a core too: by ``--fifo`` one could keep it from the others."""


@contextmanager
def as_servers(pids: Sequence[int], *, go_first_themselves: bool) -> Iterator[None]:
    """All threads of these processes at the niceness of dnsd's unit and in real time meanwhile, where we may."""
    if not _is_better_permitted():
        yield
        return
    led = pids if _is_real_time_permitted() and not go_first_themselves else ()
    _renice(pids, _NICENESS)
    _schedule(led, os.SCHED_RR, _PRIORITY)
    if go_first_themselves and _is_real_time_permitted():
        _wait_until_first(pids)
    try:
        yield
    finally:
        _schedule(led, os.SCHED_OTHER, 0)
        _renice(pids, 0)


def as_client(command: Sequence[str]) -> list[str]:
    """The command in real time, where we may: what it waits for a core would be counted as the server's."""
    return [*_REAL_TIME, *command] if _is_real_time_permitted() else list(command)


def told() -> str:
    """What was permitted, for the document."""
    server = f"servers at niceness {_NICENESS}" if _is_better_permitted() else "servers as everybody (not permitted)"
    server += " and in real time (dnsd by itself, while it takes little)" if _is_real_time_permitted() else ""
    client = "dnsperf in real time" if _is_real_time_permitted() else "dnsperf as everybody (not permitted)"
    return f"where latency is taken, {server}, {client}"


def _renice(pids: Sequence[int], niceness: int) -> None:
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.setpriority(os.PRIO_PROCESS, int(thread), niceness)


def _schedule(pids: Sequence[int], policy: int, priority: int) -> None:
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setscheduler(int(thread), policy, os.sched_param(priority))


def _wait_until_first(pids: Sequence[int]) -> None:
    """Until they have seen their niceness; one that had much to do of late stays where it is, and is measured so."""
    until = time.monotonic() + 2 * LOOK_SECONDS
    while time.monotonic() < until and any(os.sched_getscheduler(pid) & os.SCHED_RR == 0 for pid in pids):
        time.sleep(LOOK_SECONDS / 10)


@cache
def _is_better_permitted() -> bool:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    except PermissionError:
        return False
    os.setpriority(os.PRIO_PROCESS, 0, before)
    return True


@cache
def _is_real_time_permitted() -> bool:
    if shutil.which(_REAL_TIME[0]) is None:
        return False
    tried = subprocess.run([*_REAL_TIME, "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return tried.returncode == 0
