"""Waiting for a future, for so long at most."""

import asyncio

import pytest

from dnsd.runtime.waiting import settle, settled


def future() -> asyncio.Future[bool]:
    return asyncio.get_running_loop().create_future()


async def test_the_outcome_comes_as_soon_as_it_is_settled() -> None:
    given = future()
    asyncio.get_running_loop().call_soon(settle, given, True)
    async with asyncio.timeout(30):
        assert await settled(given, 3600)


async def test_what_was_settled_before_is_not_waited_for() -> None:
    given = future()
    settle(given, True)
    assert await settled(given, 0)


async def test_it_is_false_when_nobody_settles_it_in_time() -> None:
    assert not await settled(future(), 0.001)


async def test_the_first_outcome_stands() -> None:
    given = future()
    settle(given, False)
    settle(given, True)
    assert not await settled(given, 3600)


async def test_who_goes_away_leaves_no_timer_and_may_be_settled_all_the_same() -> None:
    given = future()
    waiting = asyncio.create_task(settled(given, 0.001))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    settle(given, True)
    assert given.cancelled()
