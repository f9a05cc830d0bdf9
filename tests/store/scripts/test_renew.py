"""Heartbeats: no revision, no stream entry, no document read."""

from dnsd.store.operations import delete, put


async def test_each_key_gets_its_state(write, store, entries, advance, make_endpoint):
    leased, permanent, deleted = make_endpoint("a"), make_endpoint("b", lease_seconds=None), make_endpoint("c")
    await write(put(leased), put(permanent), put(deleted))
    await write(delete(deleted.key))
    await advance(3)
    assert await store.remaining_seconds([leased.key]) == [12]
    keys = [leased.key, permanent.key, deleted.key, ("default", "web", "unknown")]
    assert await store.renew(keys) == [15, "permanent", "deleted", "unknown"]
    assert await store.remaining_seconds(keys) == [15, None, None, None]
    assert len(await entries()) == 2


async def test_more_keys_than_go_into_one_script(write, store, make_endpoint):
    endpoints = [make_endpoint(f"e{number}") for number in range(1000)]
    await write(*(put(each) for each in endpoints))
    assert await store.renew([each.key for each in endpoints]) == [15] * 1000
    assert await store.remaining_seconds([each.key for each in endpoints]) == [15] * 1000


async def test_a_lease_that_is_due_but_not_reaped_is_renewed(write, store, advance, reap, make_endpoint):
    await write(put(make_endpoint("a", lease_seconds=1)))
    await advance(5)
    assert await store.renew([("default", "web", "a")]) == [1]
    assert await reap() == 0


async def test_a_tombstone_that_lapsed_is_unknown(write, store, advance, make_endpoint):
    await write(put(make_endpoint("a")))
    await write(delete(("default", "web", "a")))
    await advance(600)
    assert await store.renew([("default", "web", "a")]) == ["unknown"]
