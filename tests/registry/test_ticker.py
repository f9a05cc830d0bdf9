"""Ticks and expiry on a real store; the clock is turned by hand, but for the one test that proves it on a real one."""

import asyncio
import time

import pytest
from waiting import eventually

from dnsd.registry.leases import Leases
from dnsd.registry.ticker import Ticker
from dnsd.store.operations import put


class Hands:
    """Turns a hand clock from one moment at which somebody wakes to the next, giving them time to act."""

    def __init__(self, clock, sleepers):
        self._clock = clock
        self._sleepers = sleepers

    async def settle(self):
        """Wait until everybody sleeps."""
        await eventually(lambda: len(self._clock._sleepers) >= self._sleepers)

    async def turn(self, seconds):
        until = self._clock.monotonic() + seconds
        await self.settle()
        while (wakes_at := min(due for due, _ in self._clock._sleepers)) <= until + 1e-9:
            self._clock.advance(max(0.0, wakes_at - self._clock.monotonic()))
            await self.settle()
        self._clock.advance(until - self._clock.monotonic())
        await self.settle()


class StillMirror:
    """What a ticker asks of a mirror."""

    revision = 0


@pytest.fixture
def make_ticker(hand_clock, make_store, server, prefix, tasks):
    def make(url="", **settings):
        store = make_store(url or server.url, prefix, write_seconds=1.0)
        leases = Leases(store, StillMirror())
        ticker = Ticker(store, leases, StillMirror(), hand_clock, **settings)
        ticker.task = tasks.start("ticker", ticker.run())
        ticker.leases = leases
        return ticker

    return make


@pytest.fixture
async def tasks():
    from dnsd.runtime.tasks import Tasks

    tasks = Tasks("test")
    yield tasks
    assert not tasks.failed.is_set()
    await tasks.stop()


async def tick_of(store):
    return (await store.tick()).tick


async def test_one_second_is_one_tick(store, make_ticker, hand_clock):
    make_ticker()
    hands = Hands(hand_clock, 1)
    await hands.turn(1.2)
    assert await tick_of(store) == 1
    await hands.turn(50)
    assert await tick_of(store) == 51


async def test_many_replicas_make_one_second_a_second(store, make_ticker, hand_clock):
    for _ in range(3):
        make_ticker()
    hands = Hands(hand_clock, 3)
    await hands.turn(1.2)
    await hands.turn(30)
    assert await tick_of(store) == 31


async def test_when_the_ticker_dies_another_goes_on(store, make_ticker, hand_clock):
    first = make_ticker()
    hands = Hands(hand_clock, 1)
    await hands.turn(2.2)
    make_ticker()
    hands = Hands(hand_clock, 2)
    await hands.turn(3)
    assert await tick_of(store) == 5
    first.task.cancel()
    await asyncio.gather(first.task, return_exceptions=True)
    hand_clock._sleepers = [each for each in hand_clock._sleepers if not each[1].cancelled()]
    hands = Hands(hand_clock, 1)
    await hands.turn(10)
    assert 13 <= await tick_of(store) <= 15


async def test_a_lease_ends_after_its_length_and_not_before(store, make_ticker, hand_clock, make_endpoint):
    ticker = make_ticker()
    hands = Hands(hand_clock, 1)
    await hands.turn(5)
    await store.write([put(make_endpoint("a", lease_seconds=3)), put(make_endpoint("p", lease_seconds=None))], 0)
    await hands.turn(3)
    assert await store.endpoint(("default", "web", "a")) is not None
    await hands.turn(2)
    assert await store.endpoint(("default", "web", "a")) is None
    assert await store.endpoint(("default", "web", "p")) is not None
    assert ticker.expired == 1


async def test_hundreds_that_are_due_at_once_all_go(store, make_ticker, hand_clock, make_endpoint):
    ticker = make_ticker()
    await store.write([put(make_endpoint(f"e{number}", lease_seconds=1)) for number in range(450)], 0)
    for part in range(3):  # or self-preservation would keep them
        stays = (make_endpoint(f"stays{part}-{number}", lease_seconds=3600) for number in range(900))
        await store.write([put(endpoint) for endpoint in stays], 0)
    hands = Hands(hand_clock, 1)
    await hands.turn(40)
    assert ticker.expired == 450


async def test_a_start_with_leases_in_the_store_settles_first(store, make_ticker, hand_clock, make_endpoint):
    await store.write([put(make_endpoint("a", lease_seconds=1))], 0)
    ticker = make_ticker(settling_seconds=10)
    hands = Hands(hand_clock, 1)
    await hands.turn(9.9)
    assert ticker.is_settling
    assert await tick_of(store) == 0
    await hands.turn(4)
    assert not ticker.is_settling
    assert await tick_of(store) == 4
    assert await store.endpoint(("default", "web", "a")) is None


async def test_a_stall_of_our_own_settles(store, make_ticker, hand_clock, make_endpoint):
    ticker = make_ticker()
    hands = Hands(hand_clock, 1)
    await hands.turn(2.2)
    await store.write([put(make_endpoint("a", lease_seconds=1))], 0)
    hand_clock.advance(60)
    await hands.settle()
    await hands.turn(29)
    assert await tick_of(store) == 2
    assert ticker.is_settling
    await hands.turn(5)
    assert await store.endpoint(("default", "web", "a")) is None


class TestStoreAway:
    @pytest.fixture
    def own(self, make_server, server):
        return make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")

    async def test_nobody_expires_while_it_is_away_nor_before_heartbeats_had_their_time(
        self, own, make_store, prefix, make_ticker, hand_clock, make_endpoint
    ):
        ticker = make_ticker(own.url, settling_seconds=10)
        store = make_store(own.url, prefix)
        hands = Hands(hand_clock, 1)
        await hands.turn(2.2)
        await store.write([put(make_endpoint("a", lease_seconds=2)), put(make_endpoint("b", lease_seconds=2))], 0)
        own.kill()
        await hands.turn(60)
        ticker.leases.remember([("default", "web", "a")])
        own.start()
        await hands.turn(0.2)
        assert ticker.leases.remembered == 0, "what was answered meanwhile is stored before anything is counted"
        await hands.turn(9)
        assert await tick_of(store) == 2
        await hands.turn(1.2)
        await store.renew([("default", "web", "a")])
        await hands.turn(2.1)
        assert await store.endpoint(("default", "web", "a")) is not None
        assert await store.endpoint(("default", "web", "b")) is None
        assert ticker.expired == 1

    async def test_a_restart_that_nobody_saw_settles_too(
        self, own, make_store, prefix, make_ticker, hand_clock, make_endpoint
    ):
        ticker = make_ticker(own.url, settling_seconds=10)
        store = make_store(own.url, prefix)
        hands = Hands(hand_clock, 1)
        await hands.turn(2.2)
        await store.write([put(make_endpoint("a", lease_seconds=1))], 0)
        own.kill()
        own.start()
        await hands.turn(5)
        assert ticker.is_settling
        assert await tick_of(store) == 2


@pytest.mark.parametrize("server", ["valkey"], indirect=True)
async def test_on_a_real_clock_no_lease_is_short_and_none_is_two_seconds_too_long(make_replica, make_endpoint):
    one, two = await make_replica("one", settling_seconds=0), await make_replica("two", settling_seconds=0)
    for replica in (one, two):
        replica.tasks.start("ticker", replica.ticker.run())
    stays = [make_endpoint(f"stays{number}", service="stays", lease_seconds=3600) for number in range(200)]
    await one.store.write([put(endpoint) for endpoint in stays], 0)  # or self-preservation would keep the others
    sent, answered = {}, {}
    watch = one.mirror.watch()

    async def live(name, beats):
        endpoint = make_endpoint(name, service=name, lease_seconds=1)
        sent[endpoint.key] = time.monotonic()
        await one.store.write([put(endpoint)], 0)
        for _ in range(beats):
            await asyncio.sleep(0.7)
            sent[endpoint.key] = time.monotonic()
            assert (await two.leases.renew([endpoint.key])).renewed, "renewed in time, and gone all the same"
        answered[endpoint.key] = time.monotonic()

    async def see_them_go():
        gone = {}
        async for _, change in watch:
            gone.update((removal.key, time.monotonic()) for removal in change.removals if len(removal.key) == 3)
            if len(gone) == 20:
                break
        return gone

    living = []
    for number in range(20):
        living.append(asyncio.ensure_future(live(f"e{number}", number % 2)))
        await asyncio.sleep(0.04)
    async with asyncio.timeout(15):
        await asyncio.gather(*living)
        gone = await see_them_go()
    assert min(gone[key] - moment for key, moment in sent.items()) >= 1.0
    assert max(gone[key] - moment for key, moment in answered.items()) <= 3.0
