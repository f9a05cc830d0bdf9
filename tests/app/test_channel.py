import os
import socket

import pytest
from waiting import eventually

from dnsd.app.channel import Channel


@pytest.fixture
async def ends():
    """Two channels, what each heard, and how often each saw the other end."""
    one, other = socket.socketpair()
    heard, gone = ([], []), []
    channels = [
        Channel(door.detach(), heard[side].append, lambda side=side: gone.append(side))
        for side, door in enumerate((one, other))
    ]
    yield channels, heard, gone
    for channel in channels:
        channel.close()


async def test_both_ends_hear_each_other(ends):
    (parent, child), heard, _ = ends
    parent.say("stop", lame_duck_seconds=5)
    child.say("beat")
    child.say("ready", note="")
    await eventually(lambda: len(heard[0]) == 2)
    assert heard[1] == [{"says": "stop", "lame_duck_seconds": 5}]
    assert heard[0] == [{"says": "beat"}, {"says": "ready", "note": ""}]


async def test_the_end_of_one_is_seen_by_the_other_and_its_last_words_are_heard(ends):
    (parent, child), heard, gone = ends
    child.say("fatal", text="no")
    child.close()
    parent.drain()
    assert heard[0] == [{"says": "fatal", "text": "no"}]
    assert gone == [0]
    parent.say("stop")
    child.say("beat")


async def test_an_end_that_does_not_listen_holds_nobody(caplog):
    caplog.set_level("DEBUG", "dnsd.app")
    one, other = socket.socketpair()
    channel = Channel(one.detach(), lambda message: None)
    for _ in range(100_000):
        channel.say("beat")
        if "could not be told" in caplog.text:
            break
    assert "beat could not be told" in caplog.text
    channel.close()
    other.close()


async def test_what_is_no_message_is_logged(ends, caplog):
    (_, child), heard, _ = ends
    os.write(child._descriptor, b"garbage\n")
    child.say("beat")
    await eventually(lambda: heard[0])
    assert heard[0] == [{"says": "beat"}]
    assert "carries 'garbage'" in caplog.text
