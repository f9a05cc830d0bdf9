import asyncio

import pytest

from dnsd.app import terms as module
from dnsd.app.control import catalog_of
from dnsd.app.encrypted import Encrypted
from dnsd.app.terms import SharedTerms
from dnsd.config import load
from dnsd.registry.mirror import Mirror
from dnsd.runtime.clock import SystemClock
from dnsd.server.feed import LocalFeed
from dnsd.store.redis import Store


class Parts:
    """A mirror that follows a real store, and who answers from it: here a feed and the encrypted doors."""

    def __init__(self, url, stale_seconds):
        settings = load({"redis": url, "dns": ["127.0.0.1:0"], "admin": "127.0.0.1:0"}, {})
        clock = SystemClock()
        catalog = catalog_of(settings)
        self.told = {}
        self.feed = LocalFeed(catalog.table)
        self.feed.open(lambda: {("dnsd_dns_slipped",): 2}, self.told.update)
        self.encrypted = Encrypted(settings, [], [], catalog.table, clock)
        self.store = Store(url)
        self.mirror = Mirror(self.store, catalog, self.feed, clock)
        self.terms = SharedTerms(self.feed, self.encrypted, self.mirror, self.store, clock, stale_seconds=stale_seconds)


@pytest.fixture
async def running(store_server):
    """Starts the parts of so many stale seconds; all of them end after the test."""
    tasks, stores = [], []

    def start(stale_seconds):
        parts = Parts(store_server.url, stale_seconds)
        stores.append(parts.store)
        works = (parts.mirror.run(), parts.terms.follow_staleness(), parts.terms.follow_cookie_secret())
        tasks.extend(asyncio.ensure_future(work) for work in works)
        return parts

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for store in stores:
        await store.close()


async def test_answers_are_called_stale_when_the_store_has_been_away_for_long_and_no_more_when_it_is_back(
    running, store_server, eventually
):
    parts = running(stale_seconds=1)
    await eventually(lambda: parts.mirror.status().loaded and parts.told.get("is_stale") is False)
    store_server.stop()
    await eventually(lambda: parts.told["is_stale"] and parts.encrypted._terms.is_stale)
    assert parts.mirror.status().age_seconds > 1
    store_server.wake()
    await eventually(lambda: not parts.told["is_stale"] and not parts.encrypted._terms.is_stale)
    assert parts.mirror.status().connected


async def test_all_who_answer_get_the_secret_of_the_store_once_it_is_there(
    running, store_server, eventually, monkeypatch
):
    monkeypatch.setattr(module, "SECRET_RETRY_SECONDS", 0.05)
    store_server.stop()
    parts = running(stale_seconds=60)
    await eventually(lambda: parts.store.faults)
    assert "cookie_secret" not in parts.told
    store_server.wake()
    await eventually(lambda: "cookie_secret" in parts.told)
    assert parts.told["cookie_secret"] == parts.encrypted._terms.cookie_secret == await parts.store.cookie_secret()


async def test_what_all_of_them_counted_is_one_figure(running, monkeypatch):
    parts = running(stale_seconds=60)
    monkeypatch.setattr(parts.encrypted, "counts", lambda: {("dnsd_dns_slipped",): 3})
    await parts.terms.refresh_counts()
    (shed,) = [family for family in parts.terms.dns_counts.collect() if family.name == "dnsd_dns_slipped"]
    assert [sample.value for sample in shed.samples] == [5]
