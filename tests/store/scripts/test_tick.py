"""The registry's clock: compare and set."""

import asyncio


async def test_looking_makes_no_tick(store):
    assert [(await store.tick()).tick for _ in range(3)] == [0, 0, 0]


async def test_only_one_of_many_makes_the_tick(store):
    seen = await store.tick()
    ticks = await asyncio.gather(*(store.tick(seen.tick, seen.history) for _ in range(10)))
    assert sum(each.has_advanced for each in ticks) == 1
    assert {each.tick for each in ticks} == {1}


async def test_a_tick_meant_for_another_history_is_not_made(store, server):
    await store.open()
    seen = await store.tick()
    assert not (await store.tick(seen.tick, "another")).has_advanced
    server.ask("DEL", store.keys.meta)
    await store.open()
    after = await store.tick(seen.tick, seen.history)
    assert (after.has_advanced, after.tick) == (False, 0)
    assert after.history != seen.history


async def test_a_restarted_server_is_another_history(make_server, server, prefix, make_store):

    own = make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")
    store = make_store(own.url, prefix)
    await store.open()
    before = await store.tick()
    assert (await store.tick(before.tick, before.history)).has_advanced
    own.kill()
    own.start()
    after = await store.tick(1, before.history)
    assert (after.has_advanced, after.tick) == (False, 1)
    assert after.history != before.history


async def test_it_tells_how_many_leases_run(store, write, make_endpoint):
    from dnsd.store.operations import put

    await write(put(make_endpoint("a")), put(make_endpoint("b", lease_seconds=None)))
    assert (await store.tick()).leases == 1
