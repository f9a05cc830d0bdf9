"""Whose turn it is on a core that several processes want: who answers goes first, who registers after it."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from contextlib import suppress

_TURN_NANOSECONDS = 100_000
"""The shortest that Linux gives."""
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""``struct sched_attr``: size, policy, flags, nice, priority, runtime, deadline, period (sched_setattr(2))."""
_SCHED_OTHER, _RESET_ON_FORK = 0, 1
"""Policy and flag; what a responder's thread starts has no part in its precedence (sched(7))."""
_REAL_TIME_PRIORITY = 1
_UNBROKEN_MICROSECONDS = 20_000
_NUMBERS = {"x86_64": 314, "aarch64": 274, "riscv64": 274, "loongarch64": 274}


def take_short_turns() -> bool:
    """Ask for turns of 0.1 ms, so that a packet that wakes us is not kept waiting by who computes for long.

    Linux (6.12 and later) lets a task with the shorter turn in at once, within the share that it has anyway; without
    it a responder that woke beside a busy process waited for the end of that one's turn, or for the timer (4 ms).
    Older kernels take the wish and forget it. False where it cannot be asked: another system, or a filter of calls.
    """
    number = _NUMBERS.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return False
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    wish = _ATTRIBUTES.pack(_ATTRIBUTES.size, _SCHED_OTHER, _RESET_ON_FORK, niceness, 0, _TURN_NANOSECONDS, 0, 0)
    return bool(ctypes.CDLL(None).syscall(number, 0, wish, 0) == 0)


def may_go_first() -> bool:
    """Whether we were put before others: at a better niceness than 0 (systemd's ``Nice=``, or ``renice`` since)."""
    return os.getpriority(os.PRIO_PROCESS, 0) < 0


def go_first() -> bool:
    """Let this thread, the main one, go before all on its core who are not in real time themselves (SCHED_RR).

    The kernel sends SIGXCPU when it has computed for 20 ms in one go, and then it has to ``go_among`` all others.
    False where it is forbidden: without CAP_SYS_NICE it takes a limit (``LimitRTPRIO=1`` of systemd, ``ulimit -r 1``).
    """
    if sys.platform != "linux":
        return False
    _, most = resource.getrlimit(resource.RLIMIT_RTTIME)
    try:
        resource.setrlimit(resource.RLIMIT_RTTIME, (_UNBROKEN_MICROSECONDS, most))
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(_REAL_TIME_PRIORITY))
    except (OSError, ValueError):
        return False
    return True


def go_among() -> None:
    """Go back among all others, with the niceness and the short turns of before."""
    os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
    take_short_turns()


def give_way() -> None:
    """Go back for ever to the niceness of all others where we were started with a better one (systemd's ``Nice=``).

    Never behind everybody else: on a machine whose cores are all wanted, who keeps the leases would be too late for
    them. Where a filter of calls forbids it, all stays as it is.
    """
    if sys.platform == "linux":
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
    if may_go_first():
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, 0)
