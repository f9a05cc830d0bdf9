import asyncio
import os
import signal
import subprocess
import sys

import pytest
from waiting import eventually

from dnsd.runtime.clock import SystemClock
from dnsd.runtime.supervise import Backoff, Lines, Supervised, ended, launch, shown_code

PYTHON = sys.executable


def sleeper():
    return launch(["sleep", "100"])


def test_pauses_double_up_to_the_most_and_start_anew_after_a_long_life():
    backoff = Backoff(0.1, 5.0, 10.0)
    assert [backoff.pause_seconds(0) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert backoff.pause_seconds(10.0) == 0.1
    assert backoff.pause_seconds(9.9) == 0.2


async def test_a_child_that_ends_is_started_again_after_a_pause(hand_clock):
    child = Supervised("sleeper", sleeper, hand_clock)
    child.start()
    first = child.pid
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: child.pid is None)
    await asyncio.sleep(0)
    assert child.starts == 1
    await eventually(lambda: hand_clock.advance(0.05) or child.starts == 2)
    assert child.pid not in (None, first)
    await child.stop()
    assert child.pid is None


async def test_a_child_that_was_stopped_stays_so():
    child = Supervised("sleeper", sleeper, SystemClock())
    child.start()
    await child.stop()
    assert (child.pid, child.starts) == (None, 1)


async def test_a_child_that_does_not_hear_is_killed(caplog):
    deaf = [
        PYTHON,
        "-c",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(99)",
    ]
    reading, writing = os.pipe()
    lines = []
    reader = Lines(reading, lines.append)
    child = Supervised("deaf", lambda: launch(deaf, output=writing), SystemClock())
    child.start()
    os.close(writing)
    await eventually(lambda: lines)
    await child.stop(within_seconds=0.05)
    assert child.pid is None
    assert "did not end within 0.05 s and is killed" in caplog.text
    reader.close()


async def test_a_final_code_ends_it_for_good():
    codes = []
    child = Supervised(
        "final", lambda: launch(["sh", "-c", "exit 70"]), SystemClock(), final_codes=(70,), on_final=codes.append
    )
    child.start()
    await eventually(lambda: codes)
    assert (codes, child.starts) == ([70], 1)
    await child.stop()


async def test_a_restart_that_fails_is_tried_again(tmp_path, hand_clock, caplog):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 100\n")
    program.chmod(0o755)
    child = Supervised("moved", lambda: launch([str(program)]), hand_clock)
    child.start()
    program.rename(tmp_path / "away")
    child.send(signal.SIGKILL)
    await eventually(lambda: hand_clock.advance(0.05) or "No such file" in caplog.text)
    assert child.pid is None
    (tmp_path / "away").rename(program)
    await eventually(lambda: hand_clock.advance(0.1) or child.pid)
    assert child.starts == 2
    await child.stop()


async def test_the_first_launch_tells_its_fault():
    child = Supervised("nothing", lambda: launch(["/nowhere/program"]), SystemClock())
    with pytest.raises(FileNotFoundError):
        child.start()


async def test_a_child_dies_with_its_parent():
    parent = (
        "import time; from dnsd.runtime.supervise import launch; print(launch(['sleep', '100']).pid, flush=True);"
        "time.sleep(100)"
    )
    with subprocess.Popen([PYTHON, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        assert is_running(pid)
        process.kill()
    await eventually(lambda: not is_running(pid))


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_child_is_in_a_process_group_of_its_own():
    process = sleeper()
    assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
    process.kill()
    assert await ended(process) == -signal.SIGKILL


async def test_a_child_gets_the_descriptors_and_the_environment_that_it_is_given():
    reading, writing = os.pipe()
    process = launch(["sh", "-c", f"echo $WORD > /dev/fd/{writing}"], pass_fds=[writing], environ={"WORD": "hello"})
    assert await ended(process) == 0
    os.close(writing)
    assert os.read(reading, 100) == b"hello\n"
    os.close(reading)


async def test_an_end_is_seen_where_there_is_no_pidfd(monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")
    process = launch(["sh", "-c", "exit 3"])
    assert await ended(process) == 3


@pytest.mark.parametrize(("code", "shown"), [(0, "status 0"), (-9, "signal SIGKILL"), (-99, "signal 99")])
def test_an_end_is_shown_in_words(code, shown):
    assert shown_code(code) == shown


async def test_lines_come_whole_and_the_end_is_told_once():
    reading, writing = os.pipe()
    lines, ends = [], []
    Lines(reading, lines.append, lambda: ends.append(True))
    os.write(writing, b"one\ntw")
    await eventually(lambda: lines == ["one"])
    os.write(writing, b"o\n\nthr\xff")
    os.close(writing)
    await eventually(lambda: ends)
    assert (lines, ends) == (["one", "two", "thr\ufffd"], [True])


async def test_the_last_words_are_drained_and_a_long_line_is_cut():
    reading, writing = os.pipe()
    lines = []
    reader = Lines(reading, lines.append)
    os.set_blocking(writing, False)
    os.write(writing, b"x" * 65_536)
    reader.drain()
    os.write(writing, b"y\nlast\n")
    reader.drain()
    assert lines == ["x" * 65_536 + "y", "last"]
    os.write(writing, b"z" * 65_536)
    reader.drain()
    os.write(writing, b"z")
    reader.drain()
    assert lines[2:] == ["z" * 65_537]
    reader.close()
    reader.close()
    os.close(writing)
