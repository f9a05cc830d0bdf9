"""Whose turn it is on a core that several processes want: who answers goes first, who registers after it."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from contextlib import suppress

_TURN_NANOSECONDS = 100_000
"""The shortest that Linux gives."""
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""``struct sched_attr``: size, policy, flags, nice, priority, runtime, deadline, period (sched_setattr(2))."""
_SCHED_OTHER = 0
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
    wish = _ATTRIBUTES.pack(_ATTRIBUTES.size, _SCHED_OTHER, 0, niceness, 0, _TURN_NANOSECONDS, 0, 0)
    return bool(ctypes.CDLL(None).syscall(number, 0, wish, 0) == 0)


def give_way() -> None:
    """Go back to the niceness of everybody else where we were started with a better one (systemd's ``Nice=``).

    Never behind everybody else: on a machine whose cores are all wanted, who keeps the leases would be too late for
    them. Where a filter of calls forbids it, all stays as it is.
    """
    if os.getpriority(os.PRIO_PROCESS, 0) < 0:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, 0)
