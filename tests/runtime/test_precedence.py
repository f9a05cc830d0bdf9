"""Who answers goes before everybody while that is little work; the kernel is asked for real where it permits it."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from room import require_precedence

from dnsd.runtime import precedence
from dnsd.runtime.precedence import LOOK_SECONDS, QUIET_SECONDS, Precedence, share_most

LITTLE, MIDDLING, MUCH = 0.05, 0.4, 0.6
"""Shares of a core for the only responder: below half of ``SHARE_MOST``, between, above all of it."""


class Kernel:
    """What is asked of it, and what it says; ``niceness`` is ours, ``permits`` real time."""

    def __init__(self, monkeypatch):
        self.niceness, self.permits = -5, True
        self.is_first = False
        self.asked = 0
        monkeypatch.setattr(precedence, "may_go_first", lambda: self.niceness < 0)
        monkeypatch.setattr(precedence, "go_first", self._first)
        monkeypatch.setattr(precedence, "go_among", self._among)

    def _first(self):
        self.asked += 1
        self.is_first = self.permits
        return self.permits

    def _among(self):
        assert self.is_first, "whoever is among all others is not sent there again"
        self.is_first = False


class Worker:
    """A thread under a clock that is turned by hand, with the CPU time that a test gives it."""

    def __init__(self, clock):
        self._clock = clock
        self._worked = 0.0
        self.following = asyncio.create_task(Precedence(clock, 1, lambda: self._worked).follow())

    async def works(self, share, seconds):
        """So many seconds with this share of a core."""
        for _ in range(round(seconds / LOOK_SECONDS)):
            await asyncio.sleep(0)
            self._worked += share * LOOK_SECONDS
            self._clock.advance(LOOK_SECONDS)
            await asyncio.sleep(0)


@pytest.fixture
def kernel(monkeypatch):
    yield Kernel(monkeypatch)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)


@pytest.fixture
async def worker(kernel, hand_clock):
    worker = Worker(hand_clock)
    yield worker
    worker.following.cancel()


async def assert_it_takes_some_quiet_seconds(kernel, worker):
    await worker.works(LITTLE, QUIET_SECONDS - LOOK_SECONDS)
    assert not kernel.is_first
    await worker.works(LITTLE, LOOK_SECONDS)
    assert kernel.is_first


async def test_it_goes_first_after_some_quiet_seconds_and_not_before(kernel, worker):
    await assert_it_takes_some_quiet_seconds(kernel, worker)


async def test_it_goes_back_as_soon_as_it_is_much(kernel, worker):
    await worker.works(LITTLE, QUIET_SECONDS)
    assert kernel.is_first
    await worker.works(MUCH, LOOK_SECONDS)
    assert not kernel.is_first


async def test_it_goes_first_again_only_when_it_has_been_little_for_long(kernel, worker):
    """Not at once with the load of the moment, else one load would lead there and back for ever."""
    await worker.works(LITTLE, QUIET_SECONDS)
    await worker.works(MUCH, LOOK_SECONDS)
    await worker.works(MIDDLING, 3 * QUIET_SECONDS)
    assert not kernel.is_first
    await assert_it_takes_some_quiet_seconds(kernel, worker)


async def test_what_is_between_changes_nothing_for_who_is_first(kernel, worker):
    await worker.works(LITTLE, QUIET_SECONDS)
    await worker.works(MIDDLING, 3 * QUIET_SECONDS)
    assert kernel.is_first
    assert kernel.asked == 1


async def test_only_who_was_put_before_others_goes_first(kernel, worker):
    kernel.niceness = 0
    await worker.works(LITTLE, 3 * QUIET_SECONDS)
    assert kernel.asked == 0
    kernel.niceness = -5  # somebody's renice
    await worker.works(LITTLE, LOOK_SECONDS)
    assert kernel.is_first
    kernel.niceness = 0
    await worker.works(LITTLE, LOOK_SECONDS)
    assert not kernel.is_first
    kernel.niceness = -5  # it was little work all the time
    await worker.works(LITTLE, LOOK_SECONDS)
    assert kernel.is_first


async def test_where_it_is_forbidden_it_is_asked_for_once_and_told(kernel, worker, caplog):
    caplog.set_level("INFO")
    kernel.permits = False
    await worker.works(LITTLE, 3 * QUIET_SECONDS)
    assert kernel.asked == 1
    assert worker.following.done()
    assert worker.following.exception() is None
    assert "LimitRTPRIO=1" in caplog.text


async def test_fewer_cores_are_heeded_at_the_next_look(kernel, worker, monkeypatch):
    """Two who were given one core together, say by taskset, would leave nothing of it."""
    await worker.works(LITTLE, QUIET_SECONDS)
    await worker.works(MIDDLING, LOOK_SECONDS)
    assert kernel.is_first
    monkeypatch.setattr(precedence, "share_most", lambda responders: 0.25)
    await worker.works(MIDDLING, LOOK_SECONDS)
    assert not kernel.is_first


async def test_among_all_others_the_kernels_signal_means_what_it_always_means(kernel, worker):
    """A limit of CPU time that somebody set (``ulimit -t``) ends the process, as everywhere."""
    assert signal.getsignal(signal.SIGXCPU) is signal.SIG_DFL
    await worker.works(LITTLE, QUIET_SECONDS)
    assert signal.getsignal(signal.SIGXCPU) is not signal.SIG_DFL
    await worker.works(MUCH, LOOK_SECONDS)
    assert signal.getsignal(signal.SIGXCPU) is signal.SIG_DFL


async def test_who_computes_for_too_long_in_one_go_goes_back_without_a_turn_of_the_loop(kernel, worker):
    await worker.works(LITTLE, QUIET_SECONDS)
    signal.raise_signal(signal.SIGXCPU)  # as the kernel does
    assert not kernel.is_first
    await assert_it_takes_some_quiet_seconds(kernel, worker)


@pytest.mark.parametrize(("cores", "responders", "share"), [(2, 1, 0.5), (2, 2, 0.5), (1, 2, 0.25), (2, 8, 0.125)])
def test_all_responders_together_take_half_of_the_cores_at_most(monkeypatch, cores, responders, share):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    assert share_most(responders) == share


FOR_REAL = """
import asyncio, os, time
from dnsd.runtime import precedence
from dnsd.runtime.clock import SystemClock

precedence.LOOK_SECONDS, precedence.QUIET_SECONDS = 0.01, 0.1
told = []

def policy():
    return os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK

def tell(when):
    told.append(f"{when} {'first' if policy() == os.SCHED_RR else 'among'} {os.getpriority(os.PRIO_PROCESS, 0)}")

async def first():
    async with asyncio.timeout(20):
        while policy() != os.SCHED_RR:
            await asyncio.sleep(0.01)

async def main():
    following = asyncio.create_task(precedence.Precedence(SystemClock(), 1).follow())
    tell("begun")
    await first()
    tell("quiet")
    thread = await asyncio.to_thread(lambda: policy() == os.SCHED_RR)
    told.append(f"its thread {'first' if thread else 'among'}")
    await first()
    until = time.thread_time() + 0.2
    while time.thread_time() < until:
        pass
    tell("in one go")
    await first()
    until = time.monotonic() + 2
    while time.monotonic() < until and policy() == os.SCHED_RR:
        busy = time.thread_time() + 0.009
        while time.thread_time() < busy:
            pass
        await asyncio.sleep(0.001)
    tell("in a flood")

asyncio.run(main())
print(*told, sep="\\n")
"""


def put_before_others():
    os.nice(-5)


def test_the_kernel_lets_it_go_first_and_back():
    require_precedence()
    told = subprocess.run(
        [sys.executable, "-c", FOR_REAL],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=put_before_others,
        check=False,
    )
    assert told.stderr == ""
    assert told.stdout.splitlines() == [
        "begun among -5",
        "quiet first -5",
        "its thread among",
        "in one go among -5",
        "in a flood among -5",
    ]
