"""Who goes first on a core while latency is taken: servers as dnsd's unit has them, and whoever asks before them."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_UNIT = Path(__file__).parents[2] / "systemd" / "dnsd.service"
_NICENESS = int(re.findall(r"^Nice=(\S+)$", _UNIT.read_text(), re.MULTILINE)[0])
"""Rivals get the same, so that it is no advantage."""
_REAL_TIME = ["chrt", "--rr", "1"]
"""In turns, because the client's own threads share a core too: by ``--fifo`` one could keep it from the others."""


@contextmanager
def as_servers(pids: Sequence[int]) -> Iterator[None]:
    """All threads of these processes at the niceness of dnsd's unit meanwhile, where we may give it."""
    if not _is_better_permitted():
        yield
        return
    _renice(pids, _NICENESS)
    try:
        yield
    finally:
        _renice(pids, 0)


def as_client(command: Sequence[str]) -> list[str]:
    """The command in real time, where we may: what it waits for a core would be counted as the server's."""
    return [*_REAL_TIME, *command] if _is_real_time_permitted() else list(command)


def told() -> str:
    """What was permitted, for the document."""
    server = f"servers at niceness {_NICENESS}" if _is_better_permitted() else "servers as everybody (not permitted)"
    client = "dnsperf in real time" if _is_real_time_permitted() else "dnsperf as everybody (not permitted)"
    return f"where latency is taken, {server}, {client}"


def _renice(pids: Sequence[int], niceness: int) -> None:
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.setpriority(os.PRIO_PROCESS, int(thread), niceness)


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
