"""Meeting the store: what is written once, by whoever comes first."""


async def test_epoch_and_cookie_secret_are_the_same_for_everybody(store, server, prefix, make_store):
    other = make_store(server.url, prefix)
    first, second = await store.open(), await other.open()
    assert first == second
    assert len(first.epoch) == 16
    assert len(first.cookie_secret) == 16
    assert (first.revision, first.tick, first.schema) == (0, 0, 1)


async def test_two_installations_share_a_server_and_nothing_else(store, server, prefix, make_store):
    other = make_store(server.url, f"{prefix}-b")
    first, second = await store.open(), await other.open()
    assert first.epoch != second.epoch
    assert first.cookie_secret != second.cookie_secret


async def test_a_store_that_fell_behind_leaps(store):
    assert (await store.open(floor=41)).revision == 1041
    assert (await store.open(floor=41)).revision == 1041


async def test_the_cookie_secret_outlives_a_store_that_lost_everything(store, server):
    before = await store.open()
    server.ask("DEL", *store.keys.all)
    after = await store.open()
    assert after.cookie_secret == before.cookie_secret
    assert after.epoch != before.epoch
    assert await store.cookie_secret() == before.cookie_secret


async def test_a_newer_schema_is_met_without_being_written(store, server):
    server.ask("HSET", store.keys.meta, "schema", "9", "epoch", "theirs")
    opening = await store.open(floor=7)
    assert (opening.epoch, opening.schema, opening.revision) == ("theirs", 9, 0)
    assert "$-1" in server.ask("HGET", store.keys.meta, "cookie-secret")
