"""Expiry: what is still due is removed and told in the same step."""

import pytest

from dnsd.model.service import Service
from dnsd.store.operations import put


async def test_a_lease_ends_one_tick_after_its_length_and_never_before(write, advance, reap, make_endpoint):
    await write(put(make_endpoint("a", lease_seconds=3)))
    await advance(3)
    assert await reap() == 0
    await advance(1)
    assert await reap() == 1


async def test_what_expires_is_one_change_takes_its_service_along_and_may_come_back(
    write, store, entries, advance, reap, make_endpoint
):
    short = [make_endpoint(id, lease_seconds=1) for id in "ab"]
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
    assert (await store.reports())[1] == {"new": (4, 599)}
