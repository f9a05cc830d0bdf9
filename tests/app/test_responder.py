import asyncio

import pytest

from dnsd.app.control import catalog_of
from dnsd.app.responder import Responding
from dnsd.config import load
from dnsd.runtime.clock import SystemClock
from dnsd.server.address import Address
from dnsd.server.feed import LocalFeed
from dnsd.server.sockets import reserve


@pytest.fixture
def responding():
    """A responder that nothing was loaded into, and what fills it."""
    settings = load({"dns": ["127.0.0.1:0"], "open_within_seconds": "0.05"}, {})
    catalog = catalog_of(settings)
    feed = LocalFeed(catalog.table)
    sockets = reserve([Address("127.0.0.1", 0)], 1)
    yield Responding(settings, sockets, feed, catalog.table, b"0" * 16, SystemClock()), catalog, feed
    for door in sockets:
        door.close()


async def test_it_is_ready_when_something_is_loaded(responding):
    part, catalog, feed = responding
    await part.start()
    waiting = asyncio.ensure_future(part.ready(10))
    await asyncio.sleep(0)
    assert not waiting.done()
    catalog.load([], [], 1)
    feed.reload()
    assert await asyncio.wait_for(waiting, 5) == ""
    await part.reload()
    await part.stop(0)
    assert not part.failed.is_set()


async def test_it_says_so_when_nothing_is_loaded(responding):
    part, _, _ = responding
    await part.start()
    assert await part.ready(0.05) == "nothing is loaded yet: SERVFAIL until then"
    await part.stop(0)


async def test_a_fault_is_told(responding, monkeypatch):
    part, _, _ = responding

    async def fail():
        raise RuntimeError("broken")

    monkeypatch.setattr(part._responder, "run", fail)
    await part.start()
    await asyncio.wait_for(part.failed.wait(), 5)
    assert part.failed.is_set()
