import os
import platform
import signal
import subprocess
import sys

import pytest

from dnsd.runtime.supervise import launch
from dnsd.runtime.turns import GIVES_WAY, give_way, take_short_turns

SHOWN = """
import ctypes, os, struct
from dnsd.runtime.turns import take_short_turns
told = ctypes.create_string_buffer(56)
taken = take_short_turns()
assert ctypes.CDLL(None).syscall(315, 0, told, 56, 0) == 0
size, policy, flags, nice, priority, runtime, deadline, period = struct.unpack_from("=IIQiIQQQ", told)
print(taken, policy, nice, runtime)
"""


def shown_of(program, **given):
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60, **given
    ).stdout.split()


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="reads it back with a call of this system"
)
def test_short_turns_leave_policy_and_niceness_as_they_were():
    taken, policy, nice, runtime = shown_of(SHOWN, preexec_fn=lambda: os.nice(3))
    assert (taken, policy, nice) == ("True", "0", str(os.getpriority(os.PRIO_PROCESS, 0) + 3))
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    assert release < (6, 12) or runtime == "100000"


def test_where_the_call_is_unknown_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    assert take_short_turns() is False


def test_a_child_gives_way_by_as_much_as_was_said():
    child = launch(["sleep", "100"], niceness=GIVES_WAY)
    try:
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == os.getpriority(os.PRIO_PROCESS, 0) + GIVES_WAY
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


def test_where_it_is_forbidden_it_is_left(monkeypatch):
    def refuse(by):
        raise PermissionError

    monkeypatch.setattr(os, "nice", refuse)
    give_way(GIVES_WAY)
    assert os.getpriority(os.PRIO_PROCESS, 0) < GIVES_WAY
