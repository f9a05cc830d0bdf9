import asyncio

import pytest

from dnsd.model.change import Change
from dnsd.model.errors import Gone
from dnsd.registry import watch as module
from dnsd.registry.watch import Past


@pytest.fixture
def past():
    past = Past(changes_kept=5)
    past.begin("epoch", 100)
    return past


async def revisions(watch, number):
    return [(await anext(watch))[1].revision for _ in range(number)]


async def test_a_watch_starts_now(past):
    past.append(Change(101))
    with past.watch(None) as watch:
        past.append(Change(102))
        assert await anext(watch) == ("epoch", Change(102))


async def test_a_watch_waits_for_the_next_change(past):
    watch = past.watch(None)
    waiting = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    assert not waiting.done()
    past.append(Change(101))
    assert (await waiting)[1].revision == 101


async def test_a_watch_goes_on_where_it_stopped(past):
    for revision in range(101, 105):
        past.append(Change(revision))
    watch = past.watch(("epoch", 102))
    past.append(Change(105))
    assert await revisions(watch, 3) == [103, 104, 105]
    assert await revisions(past.watch(("epoch", 100)), 5) == [101, 102, 103, 104, 105]


async def test_who_saw_more_than_we_have_yet_is_not_told_it_again(past):
    watch = past.watch(("epoch", 102))
    for revision in (101, 102, 103):
        past.append(Change(revision))
    assert await revisions(watch, 1) == [103]


@pytest.mark.parametrize("seen", [("other", 103), ("epoch", 99), ("epoch", 101)])
def test_a_past_that_is_not_kept_is_gone(past, seen):
    for revision in range(101, 108):
        past.append(Change(revision))
    with pytest.raises(Gone):
        past.watch(seen)


def test_the_oldest_that_can_be_gone_on_from(past):
    for revision in range(101, 108):
        past.append(Change(revision))
    assert len(past.watch(("epoch", 102))._waiting) == 5


async def test_a_slow_watcher_is_ended_and_the_others_are_not(past, monkeypatch):
    monkeypatch.setattr(module, "UNREAD_MOST", 3)
    slow, quick = past.watch(None), past.watch(None)
    for revision in range(101, 106):
        past.append(Change(revision))
        assert await revisions(quick, 1) == [revision]
    with pytest.raises(Gone, match="too slow"):
        await anext(slow)


async def test_another_history_ends_every_watch(past):
    watch = past.watch(None)
    past.append(Change(101))
    past.begin("other", 1)
    with pytest.raises(Gone, match="another history"):
        await anext(watch)
    assert past.watch(("other", 1)) is not None


async def test_the_first_history_is_no_other_one():
    past = Past()
    watch = past.watch(None)
    past.begin("epoch", 7)
    past.append(Change(8))
    assert await anext(watch) == ("epoch", Change(8))


async def test_a_closed_watch_ends(past):
    watch = past.watch(None)
    waiting = asyncio.ensure_future(anext(watch, None))
    await asyncio.sleep(0)
    watch.close()
    assert await waiting is None
    past.append(Change(101))
    assert [item async for item in watch] == []
