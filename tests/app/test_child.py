import asyncio
import os
import socket

import pytest
from waiting import eventually

from dnsd.app import child
from dnsd.app.channel import EXIT_FATAL, Channel
from dnsd.app.child import Child
from dnsd.app.orders import Orders
from dnsd.config import load
from dnsd.model.errors import StoreUnavailable
from dnsd.runtime.clock import SystemClock


class Played:
    """A part that does what the test says."""

    def __init__(self):
        self.failed = asyncio.Event()
        self.refusal = None
        self.asked = []

    async def start(self):
        self.asked.append("start")
        if self.refusal:
            raise self.refusal

    async def ready(self, within_seconds):
        return "a note"

    async def reload(self):
        self.asked.append("reload")

    async def stop(self, lame_duck_seconds):
        self.asked.append(("stop", lame_duck_seconds))


@pytest.fixture
async def stage(monkeypatch):
    """A part, the child that plays it, the parent's end of its channel, and what the parent heard."""
    ours, theirs = socket.socketpair()
    part, heard = Played(), []
    monkeypatch.setattr(child, "build", lambda orders, clock: part)
    channel = Channel(ours.detach(), heard.append)
    orders = Orders("control", load({}, {}), os.getpid(), "", "", channel=theirs.detach())
    made = Child(orders, SystemClock())
    yield part, made, channel, heard
    channel.close()


async def test_it_beats_says_that_it_is_ready_reloads_and_stops(stage):
    part, made, channel, heard = stage
    running = asyncio.ensure_future(made.run())
    await eventually(lambda: {"says": "ready", "note": "a note"} in heard)
    assert {"says": "beat"} in heard
    channel.say("reload")
    await eventually(lambda: {"says": "reloaded"} in heard)
    channel.say("stop", lame_duck_seconds=1.5)
    assert await asyncio.wait_for(running, 5) == 0
    assert part.asked == ["start", "reload", ("stop", 1.5)]
    made._channel.close()


async def test_a_refusal_is_told_and_final(stage):
    part, made, _, heard = stage
    part.refusal = StoreUnavailable("newer", "no way")
    assert await made.run() == EXIT_FATAL
    await eventually(lambda: {"says": "fatal", "text": "no way", "is_setting": False} in heard)
    made._channel.close()
    await made._tasks.stop()


async def test_a_part_that_fails_ends_it_with_1(stage):
    part, made, _, _ = stage
    running = asyncio.ensure_future(made.run())
    await eventually(lambda: part.asked)
    part.failed.set()
    assert await asyncio.wait_for(running, 5) == 1
    made._channel.close()
    await made._tasks.stop()


async def test_without_its_parent_it_is_no_more(stage, monkeypatch):
    _, made, channel, _ = stage
    left = asyncio.Event()
    monkeypatch.setattr(os, "_exit", lambda status: left.set())
    running = asyncio.ensure_future(made.run())
    channel.close()
    await asyncio.wait_for(left.wait(), 5)
    assert not running.done()
    made._leaving.set()
    assert await asyncio.wait_for(running, 5) == 0
