"""Control's end and the responders' ends together, over real socket pairs."""

import asyncio
import gc
import socket

import pytest
from waiting import eventually

from dnsd.authority.table import Table
from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, Service
from dnsd.runtime.clock import SystemClock
from dnsd.server import line as line_module
from dnsd.server import source as source_module
from dnsd.server.feed import Feed, FeedReader, feed_pair
from dnsd.server.line import ALIVE_SECONDS

WEB = "web.default.svc.cluster.local"


@pytest.fixture(autouse=True)
def _thaw():
    yield
    gc.unfreeze()
    gc.enable()


class Replica:
    """One control and some responders, each of which can be restarted; the socket pairs stay, as the parent's would."""

    def __init__(self, catalog, responders: int, clock) -> None:
        self.catalog = catalog
        self.clock = clock
        self.pairs = [feed_pair() for _ in range(responders)]
        self.tables = [Table() for _ in range(responders)]
        self.terms: list[dict[str, object]] = [{} for _ in range(responders)]
        self.counted = [{("dnsd_dns_responses", "NOERROR"): 0} for _ in range(responders)]
        self.readers: list[FeedReader | None] = [None] * responders
        self.feed: Feed | None = None

    def start_control(self) -> Feed:
        self.feed = Feed([control for control, _ in self.pairs], self.catalog.table, self.clock)
        self.feed.open()
        return self.feed

    def stop_control(self) -> None:
        if self.feed is not None:
            self.feed.close()
            self.feed = None

    def start_responder(self, index: int = 0) -> FeedReader:
        self.tables[index] = Table()
        self.terms[index] = {}
        self.counted[index] = dict.fromkeys(self.counted[index], 0)
        reader = FeedReader(self.pairs[index][1], self.tables[index], self.clock)
        reader.open(lambda: self.counted[index], lambda terms: self.terms[index].update(terms))
        self.readers[index] = reader
        return reader

    def kill_responder(self, index: int = 0) -> None:
        """As kill -9 does: without a last word."""
        reader = self.readers[index]
        if reader is not None:
            reader._say = lambda message: True
            reader.close()
            self.readers[index] = None

    def close(self) -> None:
        self.stop_control()
        for index in range(len(self.pairs)):
            self.kill_responder(index)
        for pair in self.pairs:
            for end in pair:
                end.close()


@pytest.fixture
def make(catalog):
    made = []

    def replica(responders: int = 1, clock=None) -> Replica:
        made.append(Replica(catalog, responders, clock or SystemClock()))
        return made[-1]

    yield replica
    for each in made:
        each.close()


async def test_a_responder_gets_everything_and_then_every_change(make, catalog, register, resolve):
    replica = make()
    catalog.load([], [], 1)
    register(2, 1)
    feed = replica.start_control()
    reader = replica.start_responder()
    assert await feed.applied(2, 5)
    assert reader.loaded.is_set()
    assert resolve(replica.tables[0], WEB) == {"10.0.0.1"}
    feed.publish(register(3, 2))
    assert await feed.applied(3, 5)
    assert resolve(replica.tables[0], WEB) == {"10.0.0.1", "10.0.0.2"}
    feed.publish(catalog.apply(Change(4, (), (Removal(("default", "web", "web-1"), "deleted"),))))
    assert await feed.applied(4, 5)
    assert resolve(replica.tables[0], WEB) == {"10.0.0.2"}
    assert replica.tables[0].revision == 4


async def test_the_responders_table_is_controls_whatever_the_order(make, catalog, register, resolve, until):
    replica = make(2)
    feed = replica.start_control()
    replica.start_responder(0)
    catalog.load([], [], 1)
    feed.reload()
    for revision in range(2, 300):
        feed.publish(register(revision, revision % 40, f"10.1.{revision >> 8}.{revision & 255}"))
        if revision == 50:
            replica.start_responder(1)
        if revision == 100:
            feed.reload()
        if revision % 37 == 0:
            await asyncio.sleep(0)
    assert await feed.applied(299, 5)
    wanted = {owner: node.pack() for owner, node in catalog.table.nodes.items()}
    for table in replica.tables:
        await until(lambda table=table: table.revision == 299)
        assert {owner: node.pack() for owner, node in table.nodes.items()} == wanted


async def test_nothing_is_shown_before_the_registry_was_loaded(make, catalog, register, until):
    replica = make()
    feed = replica.start_control()
    reader = replica.start_responder()
    feed.set_terms({"cookie_secret": b"s" * 16})
    await until(lambda: replica.terms[0] == {"cookie_secret": b"s" * 16})
    feed.reload()
    assert not await feed.applied(0, 0.05)
    assert not replica.tables[0].loaded
    catalog.load([], [], 1)
    feed.reload()
    await asyncio.wait_for(reader.loaded.wait(), 5)
    assert await feed.applied(1, 5)


async def test_a_restarted_responder_is_loaded_again(make, catalog, register, resolve):
    replica = make()
    catalog.load([], [], 1)
    feed = replica.start_control()
    feed.set_terms({"cookie_secret": b"s" * 16})
    replica.start_responder()
    assert await feed.applied(1, 5)
    replica.kill_responder()
    for revision in range(2, 50):
        feed.publish(register(revision, revision))
    reader = replica.start_responder()
    await asyncio.wait_for(reader.loaded.wait(), 5)
    assert await feed.applied(49, 5)
    assert len(resolve(replica.tables[0], WEB)) == 48
    assert replica.terms[0] == {"cookie_secret": b"s" * 16}


async def test_a_restarted_control_takes_over_and_the_old_answers_stay_meanwhile(
    make, catalog, register, resolve, until
):
    replica = make()
    catalog.load([], [], 1)
    feed = replica.start_control()
    replica.start_responder()
    feed.publish(register(2, 1))
    assert await feed.applied(2, 5)
    replica.stop_control()
    register(3, 2)
    catalog.table.loaded = False  # the new control's mirror has not loaded yet
    feed = replica.start_control()
    feed.reload()
    assert not await feed.applied(2, 0.05)
    assert resolve(replica.tables[0], WEB) == {"10.0.0.1"}
    catalog.table.loaded = True
    feed.reload()
    assert await feed.applied(3, 5)
    assert resolve(replica.tables[0], WEB) == {"10.0.0.1", "10.0.0.2"}


async def test_half_a_load_is_never_shown(make, catalog, monkeypatch):
    monkeypatch.setattr(line_module, "NODES_A_PART", 1)
    replica = make()
    services = [Service("default", f"web-{number}") for number in range(1000)]
    catalog.load(services, [Endpoint("default", each.name, "1", ("10.0.0.1",)) for each in services], 7)
    feed = replica.start_control()
    replica.start_responder()
    await asyncio.sleep(0)
    replica.kill_responder()  # it takes the first parts with it
    replica.stop_control()  # and control dies before it has sent the rest
    feed = replica.start_control()
    reader = replica.start_responder()
    await asyncio.wait_for(reader.loaded.wait(), 10)
    assert replica.tables[0].nodes.keys() == catalog.table.nodes.keys()
    assert await feed.applied(7, 5)


async def test_parts_that_do_not_follow_each_other_are_no_load(make):
    replica = make()
    reader = replica.start_responder()
    part, delta = (7, [], [], []), (7, [], [])
    for message in [
        ("loaded", 0),
        ("part", 1, 1, part),
        ("loaded", 1),
        ("part", 2, 0, part),
        ("part", 3, 1, part),
        ("loaded", 3),
        ("delta", delta),
        ("part", 4, 0, part),
        ("part", 4, 2, part),
        ("loaded", 4),
    ]:
        reader._take(message)
        assert not replica.tables[0].loaded
    reader._take(("part", 5, 0, part))
    reader._take(("part", 5, 1, part))
    reader._take(("loaded", 5))
    assert replica.tables[0].loaded
    assert replica.tables[0].revision == 7


async def test_who_is_too_far_behind_is_sent_everything_afresh(make, catalog, register, monkeypatch):
    monkeypatch.setattr(line_module, "QUEUED_OCTETS_MOST", 100_000)
    replica = make()
    catalog.load([], [], 1)
    feed = replica.start_control()
    [line] = feed._lines
    replica.start_responder()
    assert await feed.applied(1, 5)
    loads = []
    really_load = line.load
    monkeypatch.setattr(line, "load", lambda: (loads.append(1), really_load()))
    for revision in range(2, 4000):
        feed.publish(register(revision, revision, service=f"web-{revision % 300}"))
        assert line._outbox.queued_octets < 200_000
    assert await feed.applied(3999, 20)
    assert loads
    assert replica.tables[0].nodes.keys() == catalog.table.nodes.keys()


async def test_for_a_dead_responder_nothing_is_kept(make, catalog, register):
    replica = make()
    services = [Service("default", f"web-{number}") for number in range(1000)]
    catalog.load(services, [Endpoint("default", each.name, "1", ("10.0.0.1",)) for each in services], 1)
    feed = replica.start_control()
    [line] = feed._lines
    for _ in range(60):
        line.load()  # its socket is full of the beginnings of loads that nobody took
    for revision in range(2, 100):
        feed.publish(register(revision, revision, service=f"new-{revision}"))
        assert line._outbox.queued_octets == 0
    replica.start_responder()
    assert await feed.applied(99, 5)


async def test_applied_waits_for_all_who_are_alive_and_only_for_them(make, catalog, register, hand_clock):
    replica = make(2, hand_clock)
    catalog.load([], [], 1)
    feed = replica.start_control()
    assert not await feed.applied(1, 0.02)  # nobody is there
    replica.start_responder(0)
    replica.start_responder(1)
    assert await feed.applied(1, 5)
    replica.kill_responder(1)
    feed.publish(register(2, 1))
    assert not await feed.applied(2, 0.05)
    hand_clock.advance(ALIVE_SECONDS)
    await _reported(replica, feed)
    assert await feed.applied(2, 5)
    assert feed._waiting == set()


async def _reported(replica: Replica, feed: Feed) -> None:
    """Wait until the first responder has been heard of at the clock's present time."""
    await eventually(lambda: feed._lines[0].is_alive)


async def test_many_may_wait_at_once(make, catalog, register):
    replica = make()
    catalog.load([], [], 1)
    feed = replica.start_control()
    replica.start_responder()
    waits = [asyncio.ensure_future(feed.applied(revision, 5)) for revision in range(1, 100)]
    for revision in range(2, 100):
        feed.publish(register(revision, revision))
    assert all(await asyncio.gather(*waits))
    assert not await feed.applied(100, 0.01)


async def test_counts_are_fresh_and_added_up(make, catalog):
    replica = make(2)
    catalog.load([], [], 1)
    feed = replica.start_control()
    for index in range(2):
        replica.start_responder(index)
    assert await feed.applied(1, 5)
    replica.counted[0] = {("dnsd_dns_responses", "NOERROR"): 5, ("dnsd_dns_tcp_connections",): 2}
    replica.counted[1] = {("dnsd_dns_responses", "NOERROR"): 7, ("dnsd_dns_responses", "NXDOMAIN"): 1}
    assert await feed.counts() == {
        ("dnsd_dns_responses", "NOERROR"): 12,
        ("dnsd_dns_responses", "NXDOMAIN"): 1,
        ("dnsd_dns_tcp_connections",): 2,
        ("dnsd_dns_responders",): 2,
    }


async def test_totals_never_go_down_when_a_responder_restarts(make, catalog, hand_clock):
    replica = make(1, hand_clock)
    catalog.load([], [], 1)
    feed = replica.start_control()
    replica.start_responder()
    assert await feed.applied(1, 5)
    key = ("dnsd_dns_responses", "NOERROR")
    replica.counted[0] = {key: 100, ("dnsd_dns_tcp_connections",): 3}
    assert (await feed.counts())[key] == 100
    replica.kill_responder()
    assert (await feed.counts())[key] == 100  # it does not answer: what it said last
    hand_clock.advance(ALIVE_SECONDS)
    assert await feed.counts() == {key: 100, ("dnsd_dns_responders",): 0}
    replica.start_responder()
    assert await feed.applied(1, 5)
    assert (await feed.counts())[key] == 100
    replica.counted[0] = {key: 1}
    assert await feed.counts() == {key: 101, ("dnsd_dns_responders",): 1}


async def test_the_same_terms_are_sent_once(make, catalog, until):
    replica = make()
    feed = replica.start_control()
    replica.start_responder()
    feed.set_terms({"cookie_secret": b"a" * 16})
    await until(lambda: replica.terms[0] == {"cookie_secret": b"a" * 16})
    replica.terms[0].clear()
    feed.set_terms({"cookie_secret": b"a" * 16})
    feed.set_terms({"identity": "r1"})
    await until(lambda: bool(replica.terms[0]))
    assert replica.terms[0] == {"cookie_secret": b"a" * 16, "identity": "r1"}


async def test_a_responder_without_control_keeps_answering_and_fills_no_memory(make, catalog, register, resolve, until):
    replica = make()
    catalog.load([], [], 1)
    feed = replica.start_control()
    reader = replica.start_responder()
    feed.publish(register(2, 1))
    assert await feed.applied(2, 5)
    replica.stop_control()
    for _ in range(20_000):
        reader._report(0)
    assert reader._outbox.queued_octets <= source_module.QUEUED_OCTETS_MOST + 1000
    assert resolve(replica.tables[0], WEB) == {"10.0.0.1"}
    feed = replica.start_control()
    assert await feed.applied(2, 5)


async def test_progress_that_could_not_be_told_is_told_with_the_next_report(make, catalog, register, hand_clock, until):
    replica = make(1, hand_clock)
    catalog.load([], [], 1)
    feed = replica.start_control()
    reader = replica.start_responder()
    assert await feed.applied(1, 5)
    reader._outbox.queued_octets = source_module.QUEUED_OCTETS_MOST + 1
    feed.publish(register(2, 1))
    await until(lambda: replica.tables[0].revision == 2)
    assert not await feed.applied(2, 0.05)
    reader._outbox.queued_octets = 0
    hand_clock.advance(1)
    assert await feed.applied(2, 5)


async def test_the_end_of_the_other_side_ends_no_loop(make, catalog, until):
    replica = make()
    feed = replica.start_control()
    reader = replica.start_responder()
    for end in replica.pairs[0]:
        end.shutdown(socket.SHUT_RDWR)
    await until(lambda: feed._lines[0]._loop is None)
    await until(lambda: reader._inbox.is_ended)
    loop = asyncio.get_running_loop()
    assert not loop.remove_reader(replica.pairs[0][0].fileno())
    assert not loop.remove_reader(replica.pairs[0][1].fileno())
    feed.set_terms({"identity": "x"})
