import asyncio

import pytest

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change, Removal
from dnsd.model.errors import StoreUnavailable
from dnsd.model.service import Endpoint, Service
from dnsd.registry.content import Content, read_content
from dnsd.store.operations import delete, mark, put
from dnsd.store.reader import Position

WEB = Service("default", "web", revision=1)
WEB_1 = Endpoint("default", "web", "web-1", ("192.0.2.1",), revision=2)
WEB_2 = Endpoint("default", "web", "web-2", ("192.0.2.2",), revision=3)


@pytest.fixture
async def reader(store):
    reader = store.reader()
    yield reader
    await reader.close()


@pytest.fixture
def inventory():
    inventory = Inventory()
    for value in (WEB, WEB_1, WEB_2):
        inventory.put(value)
    return inventory


def content_of(*values, revision=9):
    content = Content(Position("epoch", revision, 1, "", "master"))
    content.apply(Change(revision, values))
    return content


async def test_everything_is_read(store, reader, make_endpoint):
    await store.write([put(make_endpoint("a")), put(make_endpoint("b", service="other"))], 0)
    await store.write([mark(("default", "web", "a"), "x")], 0)
    content = await read_content(reader)
    assert content.revision == 2
    assert {key: each.revision for key, each in content.services.items()} == {
        ("default", "web"): 1,
        ("default", "other"): 1,
    }
    assert content.endpoints["default", "web", "a"].draining
    assert not content.is_empty


async def test_an_empty_store_is_empty_and_garbage_is_not(store, reader, server):
    assert (await read_content(reader)).is_empty
    server.ask("HSET", store.keys.endpoints, "default/web/x", "garbage")
    content = await read_content(reader)
    assert not content.is_empty
    assert [member for member, _ in content.bad] == ["default/web/x"]


async def test_good_endpoints_of_a_bad_service_are_served(store, reader, server, make_endpoint):
    await store.write([put(make_endpoint("a"))], 0)
    server.ask("HSET", store.keys.services, "default/web", "garbage")
    content = await read_content(reader)
    assert content.services == {("default", "web"): Service("default", "web", declared=False)}
    assert list(content.endpoints) == [("default", "web", "a")]


async def test_changes_made_while_it_is_read_are_in_it(store, reader, make_endpoint, monkeypatch):
    await store.write([put(make_endpoint(f"e{number}")) for number in range(50)], 0)
    scan = reader.endpoints

    async def scan_and_change():
        async for pairs in scan():
            yield pairs
            await store.write([delete(("default", "web", "e1"))], 0)
            await store.write([put(make_endpoint("late", service="other"))], 0)
            await store.write([delete(("default", "web"))], 0)
            await store.write([put(make_endpoint("again"))], 0)

    monkeypatch.setattr(reader, "endpoints", scan_and_change)
    content = await read_content(reader)
    assert content.revision == 5
    assert sorted(content.endpoints) == [("default", "other", "late"), ("default", "web", "again")]
    assert sorted(content.services) == [("default", "other"), ("default", "web")]


async def test_a_store_that_is_replaced_while_it_is_read_is_not_believed(
    store, reader, server, make_endpoint, monkeypatch
):
    await store.write([put(make_endpoint("a"))], 0)
    scan = reader.endpoints

    async def scan_and_lose():
        async for pairs in scan():
            yield pairs
        server.ask("DEL", *store.keys.all)

    monkeypatch.setattr(reader, "endpoints", scan_and_lose)
    with pytest.raises(StoreUnavailable) as caught:
        await read_content(reader)
    assert caught.value.reason == "moving"


async def test_a_stream_trimmed_while_it_is_read_is_noticed(store, reader, server, make_endpoint, monkeypatch):
    await store.write([put(make_endpoint("a"))], 0)
    scan = reader.endpoints

    async def scan_and_trim():
        async for pairs in scan():
            yield pairs
        await asyncio.gather(*(store.write([put(make_endpoint(name))], 0) for name in "bcd"))
        server.ask("XTRIM", store.keys.changes, "MAXLEN", "=", "1")

    monkeypatch.setattr(reader, "endpoints", scan_and_trim)
    with pytest.raises(StoreUnavailable, match="faster"):
        await read_content(reader)


def test_the_difference_from_what_is_held(inventory):
    changed = Endpoint("default", "web", "web-1", ("192.0.2.9",), revision=7)
    new = Service("default", "new", revision=8)
    difference = content_of(WEB, changed, new).difference_from(inventory)
    assert difference.revision == 9
    assert set(map(type, difference.puts)) == {Service, Endpoint}
    assert {value.key for value in difference.puts} == {changed.key, new.key}
    assert difference.removals == (Removal(WEB_2.key, "deleted"),)


def test_no_difference(inventory):
    assert content_of(WEB, WEB_1, WEB_2).difference_from(inventory) == Change(9)
