"""Expiry: what is still due is removed and told in the same step."""

import pytest

from dnsd.model.service import Endpoint, Service
from dnsd.store.operations import delete, put
from dnsd.store.report import Report


async def test_a_lease_ends_one_tick_after_its_length_and_never_before(write, advance, reap, make_endpoint):
    await write(put(make_endpoint("a", lease_seconds=3)))
    await advance(3)
    assert await reap() == 0
    await advance(1)
    assert await reap() == 1


async def test_what_expires_is_one_change_takes_its_service_along_and_may_come_back(
    write, store, entries, advance, reap, make_endpoint
):
    short = [make_endpoint(name, lease_seconds=1) for name in "ab"]
    await write(put(Service("default", "kept")), put(make_endpoint("c", service="kept", lease_seconds=1)))
    await write(*(put(each) for each in short))
    await advance(2)
    assert await reap() == 3
    told = (await entries())[2]
    assert told[0] == 3
    assert sorted(told[1]) == [
        "-endpoint default/kept/c expired",
        "-endpoint default/web/a expired",
        "-endpoint default/web/b expired",
        "-service default/web expired",
    ]
    assert await store.renew([short[0].key]) == ["unknown"]


async def test_an_implicit_service_stays_while_it_has_others(write, entries, advance, reap, make_endpoint):
    await write(put(make_endpoint("a", lease_seconds=1)), put(make_endpoint("b")))
    await advance(2)
    assert await reap() == 1
    assert (await entries())[1] == (2, ["-endpoint default/web/a expired"])


async def test_permanent_endpoints_stay(write, advance, reap, make_endpoint):
    await write(put(make_endpoint("a", lease_seconds=None)))
    await advance(50)
    assert await reap() == 0


async def test_hundreds_go_in_chunks(write, store, entries, advance, make_endpoint):
    await write(*(put(make_endpoint(f"e{number}", lease_seconds=1)) for number in range(500)))
    await write(*(put(make_endpoint(f"stays{number}", lease_seconds=None)) for number in range(500)))
    await advance(2)
    seen = await store.tick()
    reaped = [await store.reap(seen.tick, seen.history, 0) for _ in range(3)]
    assert [each.removed for each in reaped] == [200, 200, 100]
    assert [each.has_more for each in reaped] == [True, True, False]
    assert [each.revision for each in reaped] == [3, 4, 5]
    assert len(await entries()) == 5


async def test_ten_thousand_that_end_at_once_go_at_that_tick(write, store, advance, reap, make_endpoint):
    """Also when each is of another service, of which more is remembered than Lua unpacks in one go."""
    for first in range(0, 10_000, 500):
        services = [f"s{number}" for number in range(first, first + 500)]
        await write(*(put(make_endpoint("stays", service, lease_seconds=None)) for service in services))
        await write(*(put(make_endpoint("a", service, lease_seconds=1)) for service in services))
    await advance(2)
    assert await reap() == 10_000
    assert (await store.tick()).leases == 0


async def test_leases_that_are_kept_do_not_hide_those_due_behind_them(write, store, advance, reap, make_endpoint):
    """2,500 ended long ago and stay, as their service asks: more than one look sees."""
    for service in ("kept-1", "kept-2", "kept-3", "kept-4", "kept-5"):
        await write(put(Service("default", service, min_kept=500)))
        await write(*(put(make_endpoint(f"e{number}", service, lease_seconds=1)) for number in range(500)))
    await write(put(make_endpoint("stays", lease_seconds=None)), put(make_endpoint("a", lease_seconds=3)))
    await advance(4)
    assert await reap() == 1
    assert await store.endpoint(("default", "web", "a")) is None
    assert (await store.tick()).held == 2500
    assert await reap() == 0, "and a later look begins with the oldest again"


async def test_a_late_reaper_takes_only_what_was_due_at_its_tick(write, store, advance, make_endpoint):
    await write(put(make_endpoint("a", lease_seconds=3)))
    tick = await advance(3)
    history = (await store.tick()).history
    await advance(1)
    assert (await store.reap(tick, history, 0)).removed == 0
    assert (await store.reap(tick + 1, "another history", 0)).removed == 0
    assert (await store.reap(tick + 99, history, 0)).removed == 1


async def test_expiry_leaps_above_the_reapers_mirror_too(write, store, advance, make_endpoint):
    await write(put(make_endpoint("a", lease_seconds=1)))
    tick = await advance(2)
    assert (await store.reap(tick, (await store.tick()).history, 70)).revision == 1071


@pytest.mark.parametrize(("ticks", "left"), [(599, 1), (600, 0)])
async def test_lapsed_tombstones_are_forgotten(write, store, server, advance, reap, make_endpoint, ticks, left):
    from dnsd.store.operations import delete

    await write(put(make_endpoint("a")))
    await write(delete(("default", "web", "a")))
    await advance(ticks)
    await reap()
    assert f":{left}\r\n" in server.ask("ZCARD", store.keys.tombstones)


async def test_replicas_that_are_long_silent_are_forgotten(store, advance, reap):
    await store.report("old", 3)
    await advance(599)
    await store.report("new", 4)
    await advance(2)
    await reap()
    assert (await store.reports())[1] == {"new": Report(4, 599)}


# Self-preservation: who is kept when heartbeats stop at once, and when it ends (faults.md 5).


def _endpoint(number: int, service: str, lease_seconds: int | None = 15) -> Endpoint:
    return Endpoint("default", service, f"e{number}", ("192.0.2.1",), lease_seconds=lease_seconds)


class Registry:
    """Endpoints on a store whose ticks are turned by hand."""

    def __init__(self, store) -> None:
        self.store = store
        self.keys: list[tuple[str, str, str]] = []

    async def fill(self, services: int, each: int) -> None:
        for service in range(services):
            endpoints = [_endpoint(number, f"s{service}") for number in range(each)]
            await self.store.write([put(endpoint) for endpoint in endpoints], 0)
            self.keys += [endpoint.key for endpoint in endpoints]

    async def tick(self, times: int, living) -> None:
        """So many seconds; the living renew in three groups, every third second each."""
        seen = await self.store.tick()
        for _ in range(times):
            await self.store.renew([key for index, key in enumerate(living) if index % 3 == seen.tick % 3])
            seen = await self.store.tick(seen.tick, seen.history)
            assert seen.has_advanced
            await self.store.reap(seen.tick, seen.history, 0)

    async def left(self) -> list[tuple[str, str, str]]:
        return [key for key in self.keys if await self.store.endpoint(key) is not None]

    async def is_on(self) -> bool:
        return (await self.store.tick()).guard_since > 0


@pytest.fixture
async def registry(store):
    made = Registry(store)
    await made.fill(services=10, each=4)
    await made.tick(20, made.keys)
    assert not await made.is_on()
    return made


async def test_thirty_percent_stop(registry):
    living = [key for key in registry.keys if key[2] != "e0"][:28]
    await registry.tick(15, living)
    assert await registry.is_on(), "within one lease"
    await registry.tick(60, living)
    assert len(await registry.left()) >= 0.85 * 40
    assert (await registry.store.tick()).held > 0
    await registry.tick(20, registry.keys)
    assert not await registry.is_on(), "renewals are back for one lease"


async def test_all_stop_and_no_service_goes_empty(registry):
    await registry.tick(40, [])
    left = await registry.left()
    assert len({key[1] for key in left}) == 10
    assert len(left) >= 0.85 * 40


async def test_services_of_one_endpoint_stay_as_well(store):
    registry = Registry(store)
    await registry.fill(services=30, each=1)
    await registry.tick(20, registry.keys)
    await registry.tick(40, [])
    assert len(await registry.left()) == 30


async def test_half_of_all_are_gone_for_good_and_it_ends(store, server):
    """Some of them expired before it went on: those are missing for ever, and nobody is left to let go."""
    server.ask("HSET", store.keys.meta, "tick", "1000")
    registry = Registry(store)
    await registry.fill(services=10, each=4)
    await registry.tick(20, registry.keys)
    await registry.tick(3, [key for key in registry.keys if key not in registry.keys[:20:4]])
    living = [key for key in registry.keys if key[2] in ("e2", "e3")]
    await registry.tick(30, living)
    assert await registry.is_on()
    assert len(await registry.left()) == 35
    server.ask("HSET", store.keys.guard, "since", "1")
    await registry.tick(140, living)
    assert await registry.is_on(), "one in ten seconds: somebody is left"
    await registry.tick(40, living)
    assert not await registry.is_on()
    assert await registry.left() == living
    await registry.tick(18, living[1:])
    assert await registry.left() == living[1:], "the next that dies goes on time"
    assert not await registry.is_on()


async def test_it_ends_though_some_are_kept_for_good(registry, write, server):
    await write(put(Service("default", "s0", min_kept=2)))
    await registry.tick(40, [])
    server.ask("HSET", registry.store.keys.guard, "since", "1")
    server.ask("HSET", registry.store.keys.meta, "tick", "2000")
    await registry.tick(360, [])
    assert await registry.is_on()
    await registry.tick(60, [])
    assert not await registry.is_on()
    assert [key[1] for key in await registry.left()] == ["s0", "s0"]
    await registry.tick(40, [])
    assert not await registry.is_on()
    assert [key[1] for key in await registry.left()] == ["s0", "s0"]


async def test_it_ends_though_more_are_kept_for_good_than_one_look_sees(store, write, server):
    registry = Registry(store)
    await registry.fill(services=5, each=500)
    await write(*(put(Service("default", f"s{number}", min_kept=500)) for number in range(5)))
    await registry.tick(20, [])
    assert await registry.is_on()
    server.ask("HSET", store.keys.guard, "since", "1")
    server.ask("HSET", store.keys.meta, "tick", "2000")
    await registry.tick(20, [])
    seen = await store.tick()
    assert (seen.guard_since, seen.held) == (0, 2500)


async def test_it_waits_for_those_whom_their_service_still_keeps(store, server):
    """Else they would go all at once, when their quarter of an hour is over a little later."""
    server.ask("HSET", store.keys.meta, "tick", "1000")
    registry = Registry(store)
    await registry.fill(services=10, each=4)
    await registry.tick(40, [])
    server.ask("HSET", store.keys.guard, "since", "1")
    await registry.tick(60, [])
    assert await registry.is_on()
    assert len(await registry.left()) >= 0.85 * 40


async def test_who_comes_back_late_for_a_moment_is_not_let_go_at_once(store, server):
    """It ends only when nobody was left to let go for as long as it looks back: else nobody would be missed."""
    registry = Registry(store)
    await registry.fill(services=20, each=2)
    await registry.tick(40, registry.keys[:1])
    server.ask("HSET", store.keys.guard, "since", "1")
    server.ask("HSET", store.keys.meta, "tick", "2000")
    await registry.tick(18, [])
    left = await registry.left()
    await store.write([put(_endpoint(int(key[2][1:]), key[1], lease_seconds=6)) for key in left], 0)
    await registry.tick(30, [])
    assert await registry.is_on()
    assert len(await registry.left()) >= len(left) - 3


async def test_who_becomes_permanent_is_not_missed_and_may_have_a_lease_again(registry):
    def all_put(lease_seconds):
        return [put(_endpoint(number, f"s{service}", lease_seconds)) for service in range(10) for number in range(4)]

    for lease_seconds in (None, 15, None, 15):
        await registry.store.write(all_put(lease_seconds), 0)
        await registry.tick(8, registry.keys)
        assert not await registry.is_on()
    await registry.tick(15, registry.keys)
    await registry.tick(16, registry.keys[:20])
    assert await registry.is_on(), "half of them: what came back is missed again"


async def test_what_is_held_stays_held_when_a_service_without_leases_is_deleted(registry, write, make_endpoint):
    await write(*(put(make_endpoint(f"e{number}", lease_seconds=None)) for number in range(100)))
    living = [key for key in registry.keys if key[2] in ("e2", "e3")]
    await registry.tick(30, living)
    left = await registry.left()
    await write(delete(("default", "web")))
    await registry.tick(30, living)
    assert await registry.is_on()
    assert await registry.left() == left


async def test_what_left_on_purpose_is_not_missed(registry):
    await registry.store.write([delete(key) for key in registry.keys[:20]], 0)
    await registry.tick(20, registry.keys[20:])
    assert not await registry.is_on()


async def test_one_of_many_goes_on_time(registry):
    await registry.tick(18, registry.keys[1:])
    assert registry.keys[0] not in await registry.left()
    assert not await registry.is_on()


async def test_it_ends_slowly_a_last_endpoint_last(registry, server):
    await registry.tick(40, [])
    server.ask("HSET", registry.store.keys.guard, "since", "1")
    server.ask("HSET", registry.store.keys.meta, "tick", "2000")
    await registry.tick(60, [])
    left = await registry.left()
    assert 40 - 8 <= len(left) <= 40 - 4, "a hundredth, at least one, each ten ticks"
    assert len({key[1] for key in left}) == 10


async def test_a_service_that_loses_most_keeps_what_it_has(registry):
    living = [key for key in registry.keys if key[1] != "s0"] + [("default", "s0", "e3")]
    await registry.tick(30, living)
    assert len([key for key in await registry.left() if key[1] == "s0"]) >= 2
    assert not await registry.is_on()


async def test_who_expired_and_came_back_counts_once(write, advance, reap, make_endpoint):
    short = make_endpoint("a", lease_seconds=1)
    await write(put(short), put(make_endpoint("b", lease_seconds=None)))
    await advance(2)
    assert await reap() == 1
    await write(put(short))
    await advance(2)
    assert await reap() == 1, "a service of two is none of three"


async def test_who_left_on_purpose_is_not_missed_by_its_service(write, advance, reap, make_endpoint):
    stay = [make_endpoint(f"stays{number}", lease_seconds=None) for number in range(4)]
    leased = [make_endpoint(f"e{number}", lease_seconds=1 + 2 * number) for number in range(2)]
    await write(*map(put, [*stay, *leased]))
    await advance(2)
    assert await reap() == 1
    await write(*(delete(each.key) for each in stay))
    await advance(2)
    assert await reap() == 1


async def test_min_kept_endpoints_stay_for_good_and_a_delete_removes_them_all_the_same(registry, write):
    await write(put(Service("default", "s0", min_kept=2)))
    living = [key for key in registry.keys if key[1] != "s0"]
    await registry.tick(1000, living)
    assert len([key for key in await registry.left() if key[1] == "s0"]) == 2
    assert (await registry.store.tick()).held == 2
    await write(put(Service("default", "s0", min_kept=1)))
    await registry.tick(2, living)
    (last,) = [key for key in await registry.left() if key[1] == "s0"]
    await write(delete(last))
    assert await registry.store.endpoint(last) is None
