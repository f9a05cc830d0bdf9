import os
import platform
import resource
import signal
import subprocess
import sys

import pytest

from dnsd.runtime.supervise import launch
from dnsd.runtime.turns import give_way, take_short_turns

SHOWN = """
import ctypes, os, struct
from dnsd.runtime.turns import go_among, go_first, take_short_turns
told = ctypes.create_string_buffer(56)
taken = WAY
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
@pytest.mark.parametrize("way", ["take_short_turns()", "go_among() is None", "(go_first(), go_among())[1] is None"])
def test_short_turns_leave_policy_and_niceness_as_they_were(way):
    taken, policy, nice, runtime = shown_of(SHOWN.replace("WAY", way), preexec_fn=lambda: os.nice(3))
    assert (taken, policy, nice) == ("True", "0", str(os.getpriority(os.PRIO_PROCESS, 0) + 3))
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    assert release < (6, 12) or runtime == "100000"


def test_where_the_call_is_unknown_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    assert take_short_turns() is False


@pytest.fixture
def asked(monkeypatch):
    """What is asked of the kernel by a process whose niceness the test says; an unprivileged one cannot have -5."""
    asked = []
    monkeypatch.setattr(os, "setpriority", lambda *words: asked.append(words))
    return asked


def test_who_was_started_before_everybody_else_goes_back_among_them(monkeypatch, asked):
    monkeypatch.setattr(os, "getpriority", lambda which, who: -5)
    give_way()
    assert asked == [(os.PRIO_PROCESS, 0, 0)]


def test_who_gives_way_has_no_permission_for_real_time_any_more(monkeypatch, asked):
    """Without CAP_SYS_RESOURCE it cannot have it back: the limit itself is gone."""
    limits = []
    monkeypatch.setattr(resource, "setrlimit", lambda *words: limits.append(words))
    give_way()
    assert limits == [(resource.RLIMIT_RTPRIO, (0, 0))]


@pytest.mark.parametrize("niceness", [0, 5])
def test_nobody_goes_behind_everybody_else(monkeypatch, asked, niceness):
    """A control that gave way by 5 had 2 % of a core beside 26 busy clients, and was not ready within 20 s."""
    monkeypatch.setattr(os, "getpriority", lambda which, who: niceness)
    give_way()
    assert asked == []


def test_where_it_is_forbidden_it_is_left(monkeypatch):
    def refuse(*words):
        raise PermissionError

    monkeypatch.setattr(os, "getpriority", lambda which, who: -5)
    monkeypatch.setattr(os, "setpriority", refuse)
    give_way()
    with pytest.raises(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)


@pytest.mark.parametrize("gives_way", [False, True])
def test_a_child_keeps_the_niceness_of_an_ordinary_parent(gives_way):
    child = launch(["sleep", "100"], gives_way=gives_way)
    try:
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
