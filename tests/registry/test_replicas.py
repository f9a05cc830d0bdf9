import asyncio
import itertools

import pytest
from waiting import eventually

from dnsd.registry import replicas as module
from dnsd.registry.replicas import Applied
from dnsd.runtime.tasks import Tasks
from dnsd.store.operations import put


@pytest.fixture
async def pair(make_replica):
    one, two = await make_replica("one"), await make_replica("two")
    for replica in (one, two):
        replica.tasks.start("replicas", replica.replicas.run())
    await until_reported(one, {"one", "two"})
    return one, two


async def until_reported(replica, names):
    async def is_reported():
        return set((await replica.store.reports())[1]) == names

    await eventually(is_reported)


async def test_all_live_replicas_apply_a_change_soon(pair, make_endpoint):
    one, _ = pair
    accepted = await one.store.write([put(make_endpoint("a"))], 0)
    assert await one.replicas.applied(accepted.revision, 2) == Applied(("one", "two"), ())


async def test_one_whose_responders_did_not_is_pending(pair, make_endpoint):
    one, two = pair
    two.ear.is_deaf = True
    accepted = await one.store.write([put(make_endpoint("a"))], 0)
    assert await one.replicas.applied(accepted.revision, 0.3) == Applied(("one",), ("two",))


async def test_one_that_left_is_not_waited_for(pair, make_endpoint):
    one, two = pair
    await two.tasks.stop()
    await two.replicas.leave()
    accepted = await one.store.write([put(make_endpoint("a"))], 0)
    assert await one.replicas.applied(accepted.revision, 2) == Applied(("one",), ())


async def test_one_that_died_is_waited_for_until_it_is_long_silent(pair, make_endpoint):
    one, two = pair
    await two.tasks.stop()
    accepted = await one.store.write([put(make_endpoint("a"))], 0)
    assert (await one.replicas.applied(accepted.revision, 0.2)).pending == ("two",)
    for _ in range(4):
        seen = await one.store.tick()
        await one.store.tick(seen.tick, seen.history)
    assert (await one.replicas.applied(accepted.revision, 2)).applied == ("one",)


async def test_an_idle_replica_goes_on_reporting(pair, monkeypatch):
    one, _ = pair
    monkeypatch.setattr(module, "REPORT_SECONDS_MOST", 0.1)
    seen = await one.store.tick()
    await one.store.tick(seen.tick, seen.history)

    async def is_reported():
        return (await one.store.reports())[1]["one"].tick == seen.tick + 1

    await eventually(is_reported)
    assert (await one.store.reports())[0] == seen.tick + 1


async def test_while_the_store_is_away_nobody_is_known_to_have_applied_anything(make_replica, make_server, server):
    own = make_server(server.kind)
    replica = await make_replica("one", url=own.url)
    own.kill()
    assert await replica.replicas.applied(1, 0) == Applied((), ("one",))
    await replica.replicas.leave()


async def test_digests_are_equal_and_a_difference_is_found_and_mended(pair, make_endpoint):
    one, two = pair
    await one.store.write([put(make_endpoint("a")), put(make_endpoint("b"))], 0)
    await eventually(lambda: two.replicas.digest_revision == one.replicas.digest_revision == 1)
    assert one.replicas.digest == two.replicas.digest != ""

    async def are_equal():
        return {each.digest for each in await one.replicas.fellows()} == {one.replicas.digest}

    await eventually(are_equal)
    del two.catalog.inventory.holdings["default", "web"].endpoints["b"]  # what no replica ever should
    two.replicas._compare_at = 0
    await eventually(lambda: two.replicas.differences == 1)
    await eventually(lambda: two.endpoint("b") is not None)
    await eventually(lambda: two.replicas.digest == one.replicas.digest)


async def test_replicas_that_are_never_at_rest_are_compared_too(pair, make_endpoint):
    one, two = pair
    tasks = Tasks("writer")
    await one.store.write([put(make_endpoint("still"))], 0)

    async def write():
        for number in itertools.count():
            await one.store.write([put(make_endpoint(f"e{number % 50}", weight=number % 65_000))], 0)
            await asyncio.sleep(0.01)

    tasks.start("write", write())
    try:
        await eventually(lambda: two.endpoint("e9") is not None and two.mirror.digest.is_known)
        shared = set()

        async def are_shared():
            seen = (await one.store.reports())[1]["one"]
            if seen.digest and two.mirror.digest.at(seen.revision):
                assert two.mirror.digest.at(seen.revision) == seen.digest
                shared.add(seen.revision)
            return len(shared) == 3

        await eventually(are_shared)
        del two.catalog.inventory.holdings["default", "web"].endpoints["still"]  # what no replica ever should
        two.mirror.digest.forget()
        two.replicas._compare_at = 0
        await eventually(lambda: two.replicas.differences == 1)
        await eventually(lambda: two.mirror.loads == 2)
    finally:
        await tasks.stop()
