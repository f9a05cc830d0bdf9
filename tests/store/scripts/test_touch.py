"""A revision of its own for what time alone changes: once for all who ask from the same place."""

import asyncio

import pytest

from dnsd.model.errors import StoreUnavailable
from dnsd.store.operations import put


async def test_it_makes_one_revision_and_no_change(store, write, web_1, entries):
    await write(put(web_1))
    assert await store.touch(1) == 2
    assert [fields for revision, fields in await entries() if revision == 2] == [["=answers time"]]
    assert (await write(put(web_1))).results[0].outcome == "renewed"


async def test_many_who_stand_at_one_revision_make_one(store, write, web_1, entries):
    await write(put(web_1))
    assert set(await asyncio.gather(*(store.touch(1) for _ in range(5)))) == {2}
    assert [revision for revision, _ in await entries()] == [1, 2]


async def test_a_later_revision_will_do(store, write, web_1, make_endpoint):
    await write(put(web_1))
    await write(put(make_endpoint("b")))
    assert await store.touch(1) == 2


async def test_a_store_with_less_than_the_mirror_is_left_alone(store, write, web_1):
    await write(put(web_1))
    assert await store.touch(7) == 1


async def test_a_newer_schema_is_not_written(store, server, web_1, write):
    await write(put(web_1))
    server.ask("HSET", store.keys.meta, "schema", "99")
    with pytest.raises(StoreUnavailable):
        await store.touch(1)
