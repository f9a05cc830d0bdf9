"""Where a table comes from; control's end of the feed is played by hand here, and is the real one in test_feed.py."""

import gc

import pytest

from dnsd.authority.table import NODES_A_STEP, Table, parts_of
from dnsd.server.frames import Inbox, Outbox, feed_pair, packed
from dnsd.server.source import FeedReader, LocalFeed


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


class Far:
    """Control's end of a feed, played by hand."""

    def __init__(self, end) -> None:
        self._inbox, self._outbox = Inbox(end), Outbox(end)
        self.heard: list[tuple] = []

    def say(self, *message: object) -> None:
        self._outbox.put(packed(message))
        self._outbox.send()

    def listen(self) -> list[tuple]:
        self.heard += self._inbox.receive()
        return self.heard

    def load(self, load_id: int, table: Table) -> None:
        for index, part in enumerate(parts_of(table, 10)):
            self.say("part", load_id, index, part)
        self.say("loaded", load_id)


@pytest.fixture
async def reader(hand_clock):
    """A reader that is open, control's end, and the terms it was given."""
    ours, theirs = feed_pair()
    made, terms = FeedReader(theirs, Table(), hand_clock), {}
    made.open(lambda: {("dnsd_dns_responses", "NOERROR"): 3}, terms.update)
    yield made, Far(ours), terms
    made.close()
    ours.close()
    theirs.close()
    gc.unfreeze()
    gc.enable()


async def test_it_says_hello_and_reports_every_second(reader, until, hand_clock):
    _, far, _ = reader
    await until(lambda: len(far.listen()) == 2)
    hello, first = far.heard
    assert hello == ("hello",)
    hand_clock.advance(1)
    await until(lambda: len(far.listen()) == 3)
    assert first == far.heard[2]
    kind, incarnation, question, counts = first
    assert (kind, question, counts) == ("counts", 0, {("dnsd_dns_responses", "NOERROR"): 3})
    assert len(incarnation) == 16


async def test_a_load_is_shown_when_it_is_whole_and_changes_then(reader, catalog, register, until):
    source, far, _ = reader
    catalog.load([], [], 1)
    register(2, 1)
    far.say("delta", (2, []))
    for index, part in enumerate(parts_of(catalog.table, 10)):
        far.say("part", 77, index, part)
    await until(lambda: source._next_index > 0 and source._load_id == 77)
    assert not source.loaded.is_set()
    far.say("loaded", 77)
    await until(lambda: ("applied", 77, 2) in far.listen())
    assert source.loaded.is_set()
    far.say("delta", register(3, 2).pack())
    await until(lambda: ("applied", 77, 3) in far.listen())
    assert {owner: node.pack() for owner, node in source._table.nodes.items()} == {
        owner: node.pack() for owner, node in catalog.table.nodes.items()
    }


async def test_questions_are_answered_between_the_steps_of_a_change(reader, catalog, until):
    source, far, _ = reader
    catalog.load([], [], 1)
    far.load(1, catalog.table)
    await until(lambda: ("applied", 1, 1) in far.listen())
    seen: list[int] = []
    source._answer_waiting = lambda: seen.append(source._table.revision)
    far.say("delta", (2, [(bytes((number, 1)), None) for number in range(3 * NODES_A_STEP)], []))
    await until(lambda: ("applied", 1, 2) in far.listen())
    # One behind its reading, three between the steps; and one when it is shown, before control is told.
    assert seen == [1, 1, 1, 1, 2]


async def test_a_second_load_takes_the_place_of_the_first(reader, catalog, register, until):
    source, far, _ = reader
    catalog.load([], [], 1)
    register(2, 1)
    far.load(1, catalog.table)
    await until(lambda: ("applied", 1, 2) in far.listen())
    catalog.load([], [], 3)
    far.load(2, catalog.table)
    await until(lambda: ("applied", 2, 3) in far.listen())
    assert source._table.nodes.keys() == catalog.table.nodes.keys()


async def test_a_table_that_was_loaded_and_one_that_grew_move_onto_large_pages(
    reader, catalog, register, until, hand_clock, monkeypatch
):
    moved: list[int] = []
    monkeypatch.setattr("dnsd.server.pages.NODES_LEAST", 1)
    source, far, _ = reader
    monkeypatch.setattr("dnsd.server.pages.moves", lambda: moved.append(len(source._table.nodes)) or iter(()))
    await until(lambda: len(far.listen()) == 2)
    hand_clock.advance(1)
    await until(lambda: len(far.listen()) == 3)
    assert moved == [], "there is no table yet"
    catalog.load([], [], 1)
    far.load(1, catalog.table)
    await until(lambda: len(moved) == 1)
    few = len(source._table.nodes)
    far.say("delta", register(2, 3).pack())
    await until(lambda: ("applied", 1, 2) in far.listen())
    assert moved == [few]
    hand_clock.advance(1)
    await until(lambda: len(moved) == 2)
    all_nodes = len(catalog.table.nodes)
    assert moved == [few, all_nodes]
    far.load(2, catalog.table)
    await until(lambda: len(moved) == 3)
    assert moved[2] == all_nodes


async def test_terms_and_questions_are_heeded(reader, until):
    _, far, terms = reader
    far.say("terms", {"identity": "r1"})
    far.say("count", 8)
    far.say("a kind of a newer control", 1)
    await until(lambda: any(message[0] == "counts" and message[2] == 8 for message in far.listen()))
    assert terms == {"identity": "r1"}


async def test_its_last_word_are_its_counts(reader, until):
    source, far, _ = reader
    await until(lambda: len(far.listen()) == 2)
    source.close()
    assert far.listen()[-1][0] == "counts"
    assert len(far.heard) == 3
    source.close()
