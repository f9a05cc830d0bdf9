"""LocalFeed alone; test_feed.py has FeedReader at the end of a real feed."""

from dnsd.server.source import LocalFeed


async def test_what_is_loaded_when_it_opens_is_loaded(catalog):
    catalog.load([], [], 1)
    feed = LocalFeed(catalog.table)
    assert not feed.loaded.is_set()
    feed.open(dict, lambda terms: None)
    assert feed.loaded.is_set()


async def test_it_is_loaded_once_the_registry_is(catalog, register):
    feed = LocalFeed(catalog.table)
    feed.open(dict, lambda terms: None)
    feed.reload()
    assert not feed.loaded.is_set()
    catalog.load([], [], 1)
    feed.reload()
    assert feed.loaded.is_set()
    feed.publish(register(2, 1))
    assert await feed.applied(2, 0)


async def test_terms_reach_the_responder_before_and_after_it_opens(catalog):
    feed, terms = LocalFeed(catalog.table), {}
    feed.set_terms({"cookie_secret": b"early"})
    feed.open(dict, terms.update)
    assert terms == {"cookie_secret": b"early"}
    feed.set_terms({"cookie_secret": b"late"})
    assert terms == {"cookie_secret": b"late"}
    feed.close()
    feed.set_terms({"cookie_secret": b"never"})
    assert terms == {"cookie_secret": b"late"}


async def test_counts_are_those_of_the_one_responder(catalog):
    feed = LocalFeed(catalog.table)
    assert await feed.counts() == {("dnsd_dns_responders",): 1}
    feed.open(lambda: {("dnsd_dns_responses", "NOERROR"): 3}, lambda terms: None)
    assert await feed.counts() == {("dnsd_dns_responses", "NOERROR"): 3, ("dnsd_dns_responders",): 1}
