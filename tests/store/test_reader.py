"""The mirror's connection: position, scans, and the stream."""

import asyncio
import time

import pytest

from dnsd.model.errors import StoreUnavailable
from dnsd.store.operations import delete, put


@pytest.fixture
async def reader(store):
    reader = store.reader()
    yield reader
    await reader.close()


async def test_a_store_that_nobody_met_has_no_epoch(reader):
    position = await reader.position()
    assert (position.epoch, position.revision, position.schema, position.role) == ("", 0, 0, "master")


async def test_the_position_says_where_the_store_stands(store, reader, write, web_1):
    await write(put(web_1))
    position = await reader.position()
    assert (position.epoch, position.revision, position.schema) == ((await store.open()).epoch, 1, 1)
    assert len(position.history.split()) == 2


async def test_scans_find_everything(reader, write, make_endpoint):
    await write(*(put(make_endpoint(f"e{number}", service=f"s{number % 7}")) for number in range(900)))
    endpoints = {member async for pairs in reader.endpoints() for member, _ in pairs}
    services = {member async for pairs in reader.services() for member, _ in pairs}
    assert len(endpoints) == 900
    assert services == {f"default/s{number}" for number in range(7)}


async def test_changes_are_read_from_a_revision_on(reader, write, make_endpoint):
    for number in range(5):
        await write(put(make_endpoint(f"e{number}")))
    assert [revision for revision, _ in await reader.changes(2)] == [3, 4, 5]
    assert [revision for revision, _ in await reader.changes(2, most=1)] == [3]
    assert await reader.changes(5) == []


async def test_waiting_ends_with_the_change(reader, server, write, web_1):
    await write(put(web_1))
    waiting = asyncio.ensure_future(reader.await_changes(1, 5))
    await server.until_somebody_waits()
    await write(delete(web_1.key))
    ((revision, fields),) = await waiting
    assert (revision, fields[::2]) == (2, ["-service default/web", "-endpoint default/web/web-1"])


async def test_waiting_ends_with_the_time(reader):
    started = time.monotonic()
    assert await reader.await_changes(99, 0.05) == []
    assert 0.04 < time.monotonic() - started < 2


async def test_a_position_that_is_garbage_is_a_refusal(server, store):
    server.ask("HSET", store.keys.meta, "revision", "abc")
    reader = store.reader()
    with pytest.raises(StoreUnavailable, match="its revision is 'abc', no number") as caught:
        await reader.position()
    assert caught.value.reason == "garbage"
    await reader.close()


async def test_a_server_that_stands_still_is_noticed(make_server, server, monkeypatch, make_store):
    from dnsd.store import reader as module

    monkeypatch.setattr(module, "READ_SECONDS", 0.2)
    own = make_server(server.kind)
    reader = make_store(own.url).reader()
    await reader.connect()
    own.stop()
    with pytest.raises(StoreUnavailable) as caught:
        await reader.await_changes(0, 0.1)
    assert caught.value.reason == "timeout"
    own.wake()
    await reader.close()


async def test_a_server_that_dies_is_noticed(make_server, server, make_store):
    own = make_server(server.kind)
    reader = make_store(own.url).reader()
    waiting = asyncio.ensure_future(reader.await_changes(0, 5))
    await own.until_somebody_waits()
    own.kill()
    with pytest.raises(StoreUnavailable) as caught:
        await waiting
    assert caught.value.reason == "connection"
    await reader.close()
