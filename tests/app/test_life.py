import asyncio
import os
import signal
import socket

import pytest
from waiting import eventually

from dnsd.app.life import Fatal, Life, ready_line
from dnsd.config import load
from dnsd.model.errors import InvalidSetting
from dnsd.runtime.notify import Notifier
from dnsd.server.address import Address

SETTINGS = load({"lame_duck_seconds": "0.25"}, {})


class Recorded:
    """A replica that writes down what it is asked, and does what the test says."""

    def __init__(self):
        self.dns, self.admin = (Address("127.0.0.1", 1053),), Address("127.0.0.1", 8053)
        self.asked, self.note, self.well = [], "", True
        self.serving, self.fatal = asyncio.Event(), asyncio.get_running_loop().create_future()
        self.refusal = None

    async def start(self):
        self.asked.append("start")
        if self.refusal:
            raise self.refusal

    async def ready(self):
        await self.serving.wait()
        return self.note

    async def broken(self):
        return await self.fatal

    async def reload(self):
        self.asked.append("reload")

    def is_well(self, within_seconds):
        return self.well

    async def stop(self, lame_duck_seconds):
        self.asked.append(("stop", lame_duck_seconds))

    def kill(self):
        self.asked.append("kill")


@pytest.fixture
def manager(tmp_path):
    """A service manager: its address, and what it was told since the last call."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.setblocking(False)

        def told():
            words = []
            while True:
                try:
                    words.append(door.recv(4096).decode().split("\n"))
                except BlockingIOError:
                    return words

        yield str(tmp_path / "notify"), told


@pytest.fixture
async def lived(manager, hand_clock):
    """A replica, the task of its life, the lines it showed."""
    replica, shown = Recorded(), []
    life = Life(replica, SETTINGS, hand_clock, Notifier(manager[0]), 3.0, shown.append)
    yield replica, life, shown
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.remove_signal_handler(number)


async def test_from_start_to_an_orderly_end(lived, manager):
    replica, life, shown = lived
    running = asyncio.ensure_future(life.run())
    await eventually(lambda: replica.asked)
    assert shown == []
    replica.serving.set()
    await eventually(lambda: shown)
    assert shown[0].startswith("dnsd ready: dns 127.0.0.1:1053, admin http://127.0.0.1:8053")
    assert [words for words in manager[1]() if words[0] != "WATCHDOG=1"] == [["READY=1", "STATUS=answering"]]
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 5) == 0
    assert replica.asked == ["start", ("stop", 0.25)]
    assert manager[1]()[-1] == ["STOPPING=1", "STATUS=leaving, answers for 0.25 s more"]


async def test_before_it_was_ready_nobody_needs_a_lame_duck(lived):
    replica, life, _ = lived
    running = asyncio.ensure_future(life.run())
    await eventually(lambda: replica.asked)
    os.kill(os.getpid(), signal.SIGINT)
    assert await asyncio.wait_for(running, 5) == 0
    assert replica.asked == ["start", ("stop", 0)]


async def test_a_second_signal_ends_it_at_once(lived, monkeypatch):
    replica, life, _ = lived
    left = []
    monkeypatch.setattr(os, "_exit", left.append)

    async def stop_for_ever(lame_duck_seconds):
        replica.asked.append("stop")
        await asyncio.Event().wait()

    replica.stop = stop_for_ever
    running = asyncio.ensure_future(life.run())
    await eventually(lambda: replica.asked)
    os.kill(os.getpid(), signal.SIGTERM)
    await eventually(lambda: "stop" in replica.asked)
    os.kill(os.getpid(), signal.SIGTERM)
    await eventually(lambda: left)
    assert (left, replica.asked[-1]) == ([1], "kill")
    replica.stop = Recorded.stop.__get__(replica)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_hangup_reloads_and_tells_the_service_manager(lived, manager, hand_clock):
    replica, life, shown = lived
    replica.serving.set()
    running = asyncio.ensure_future(life.run())
    await eventually(lambda: shown)
    manager[1]()
    os.kill(os.getpid(), signal.SIGHUP)
    await eventually(lambda: "reload" in replica.asked)
    await asyncio.sleep(0)
    monotonic = f"MONOTONIC_USEC={int(hand_clock.monotonic() * 1_000_000)}"
    assert manager[1]() == [["RELOADING=1", monotonic], ["READY=1", "STATUS=answering"]]
    os.kill(os.getpid(), signal.SIGTERM)
    assert await running == 0


async def test_the_watchdog_is_told_only_while_all_is_well(lived, manager, hand_clock):
    replica, life, _ = lived
    running = asyncio.ensure_future(life.run())
    await eventually(lambda: ["WATCHDOG=1"] in manager[1]())
    replica.well = False
    for _ in range(5):
        hand_clock.advance(1)
        await asyncio.sleep(0.001)
    assert manager[1]() == []
    replica.well = True
    await eventually(lambda: hand_clock.advance(1) or ["WATCHDOG=1"] in manager[1]())
    os.kill(os.getpid(), signal.SIGTERM)
    assert await running == 0


async def test_a_fault_ends_it_with_its_line(lived):
    replica, life, _ = lived
    running = asyncio.ensure_future(life.run())
    await eventually(lambda: replica.asked)
    replica.fatal.set_result(Fatal("the directory is locked"))
    with pytest.raises(Fatal, match="the directory is locked"):
        await running
    assert replica.asked == ["start", ("stop", 0)]


async def test_a_start_that_is_refused_gives_back_what_it_took(lived):
    replica, life, _ = lived
    replica.refusal = InvalidSetting("dns: taken")
    with pytest.raises(InvalidSetting, match="dns: taken"):
        await life.run()
    assert replica.asked == ["start", ("stop", 0)]


async def test_ready_without_a_registry_says_so(lived, manager, caplog):
    replica, life, shown = lived
    replica.note = "the registry is not loaded yet"
    replica.serving.set()
    running = asyncio.ensure_future(life.run())
    await eventually(lambda: shown)
    assert ["READY=1", "STATUS=the registry is not loaded yet"] in manager[1]()
    assert "ready, but the registry is not loaded yet" in caplog.text
    os.kill(os.getpid(), signal.SIGTERM)
    assert await running == 0


@pytest.mark.parametrize(
    ("dns", "places", "asked"),
    [
        (["127.0.0.1:1053"], "127.0.0.1:1053", "@127.0.0.1 -p 1053"),
        (["[::1]:53", "127.0.0.1:53"], "[::1]:53, 127.0.0.1:53", "@::1"),
        (["0.0.0.0:53"], "0.0.0.0:53", "@127.0.0.1"),
        (["[::]:1053"], "[::]:1053", "@::1 -p 1053"),
    ],
)
def test_the_ready_line_can_be_tried_as_it_stands(dns, places, asked):
    settings = load({"dns": dns}, {})
    line = ready_line(settings.dns, settings.admin, "cluster.local")
    assert line == (
        f"dnsd ready: dns {places}, admin http://127.0.0.1:8053 — try: dig {asked} dns-version.cluster.local TXT +short"
    )
