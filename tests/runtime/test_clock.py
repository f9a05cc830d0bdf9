import asyncio
import time

from dnsd.runtime.clock import SystemClock


async def test_the_machines_clock_is_the_machines():
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.009
    assert abs(clock.wall() - time.time()) < 1


async def test_a_sleep_can_be_cancelled():
    sleeping = asyncio.ensure_future(SystemClock().sleep(100))
    await asyncio.sleep(0)
    sleeping.cancel()
    assert isinstance((await asyncio.gather(sleeping, return_exceptions=True))[0], asyncio.CancelledError)


async def test_the_hand_clock_wakes_who_is_due_in_order(hand_clock):
    woken = []

    async def sleep(name, seconds):
        await hand_clock.sleep(seconds)
        woken.append(name)

    sleepers = [
        asyncio.ensure_future(sleep(name, seconds)) for name, seconds in (("late", 2), ("early", 1), ("not", 9))
    ]
    await asyncio.sleep(0)
    hand_clock.advance(2)
    await asyncio.gather(*sleepers[:2])
    assert woken == ["early", "late"]
    sleepers[2].cancel()
