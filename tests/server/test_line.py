"""Control's view of one responder; the responder's end is played by hand."""

import asyncio

import pytest

from dnsd.authority.table import Loading
from dnsd.model.service import Endpoint, Service
from dnsd.server import line as line_module
from dnsd.server.frames import Inbox, Outbox, packed
from dnsd.server.line import ALIVE_SECONDS, NODES_A_PART, Line


class Far:
    """The responder's end."""

    def __init__(self, end) -> None:
        self._inbox, self._outbox = Inbox(end), Outbox(end)
        self.heard: list[tuple] = []

    def listen(self) -> list[tuple]:
        self.heard += self._inbox.receive()
        return self.heard

    def say(self, *message: object) -> None:
        self._outbox.put(packed(message))
        self._outbox.send()

    def kinds(self) -> list[str]:
        return [message[0] for message in self.listen()]


@pytest.fixture
def far(pair):
    return Far(pair[1])


@pytest.fixture
async def line(pair, catalog, hand_clock):
    made = Line(pair[0], catalog.table, {"identity": "r1"}, hand_clock, lambda: None)
    yield made
    made.close()


def _fill(catalog, services: int = 100) -> None:
    values = [Service("default", f"web-{number}") for number in range(services)]
    catalog.load(values, [Endpoint("default", each.name, "1", ("10.0.0.1",)) for each in values], 9)


async def test_everything_is_sent_unasked(line, far, catalog, until):
    _fill(catalog)
    line.open()
    await until(lambda: "loaded" in far.kinds())
    terms, *parts, loaded = far.heard
    assert terms == ("terms", {"identity": "r1"})
    load_id = loaded[1]
    assert [(kind, load, index) for kind, load, index, _ in parts] == [
        ("part", load_id, index) for index in range(len(parts))
    ]
    loading = Loading()
    for *_, part in parts:
        assert len(part[2]) <= NODES_A_PART
        loading.add(part)
    assert loading.nodes.keys() == catalog.table.nodes.keys()


async def test_of_a_table_that_is_not_loaded_only_the_terms_are_sent(line, far, catalog, until):
    line.open()
    line.publish(packed(("delta", (1, []))))
    await until(lambda: bool(far.listen()))
    line.load()
    await until(lambda: len(far.listen()) == 2)
    assert far.kinds() == ["terms", "terms"]


async def test_changes_follow_the_load(line, far, catalog, until):
    _fill(catalog)
    line.open()
    line.publish(packed(("delta", (10, []))))
    line.say(packed(("count", 1)))
    await until(lambda: "count" in far.kinds())
    assert far.kinds()[-3:] == ["loaded", "delta", "count"]


async def test_a_hello_is_answered_with_everything(line, far, catalog, until):
    _fill(catalog)
    line.open()
    await until(lambda: "loaded" in far.kinds())
    far.heard.clear()
    far.say("hello")
    await until(lambda: "loaded" in far.kinds())
    assert far.kinds()[0] == "terms"
    assert "part" in far.kinds()


async def test_only_progress_with_the_present_load_counts(line, far, catalog, until):
    _fill(catalog)
    line.open()
    await until(lambda: "loaded" in far.kinds())
    load_id = far.heard[-1][1]
    far.say("applied", load_id, 9)
    await until(lambda: line.applied == 9)
    line.load()
    assert line.applied == -1
    far.say("applied", load_id, 9)
    far.say("counts", "a", 1, {})
    await until(lambda: line.counts_answered == 1)
    assert line.applied == -1


async def test_a_responder_is_alive_while_it_speaks(line, far, until, hand_clock):
    line.open()
    assert not line.is_alive
    far.say("counts", "a", 1, {})
    await until(lambda: line.is_alive)
    hand_clock.advance(ALIVE_SECONDS - 0.1)
    assert line.is_alive
    hand_clock.advance(0.1)
    assert not line.is_alive


async def test_counts_of_one_process_are_added_to_those_before_it(line, far, until, hand_clock):
    grows, stands = ("dnsd_dns_responses", "NOERROR"), ("dnsd_dns_tcp_connections",)
    line.open()
    for question, (incarnation, number) in enumerate([("a", 5), ("a", 7), ("b", 1), ("c", 2)], start=1):
        far.say("counts", incarnation, question, {grows: number, stands: 3})
        await until(lambda wanted=question: line.counts_answered == wanted)
    assert line.counts() == {grows: 7 + 1 + 2, stands: 3}
    hand_clock.advance(ALIVE_SECONDS)
    assert line.counts() == {grows: 10}


async def test_who_is_too_far_behind_is_loaded_afresh(line, far, catalog, until, monkeypatch):
    monkeypatch.setattr(line_module, "QUEUED_OCTETS_MOST", 1_000_000)
    _fill(catalog, 10)
    line.open()
    await until(lambda: "loaded" in far.kinds())
    far.heard.clear()
    for revision in range(10, 200):
        line.publish(packed(("delta", (revision, [(bytes(50_000), None)]))))
        assert line._outbox.queued_octets <= 1_060_000
    await until(lambda: "loaded" in far.kinds())
    assert far.kinds().count("delta") < 190


async def test_when_the_other_end_is_gone_it_listens_no_more(line, pair, far, catalog, until):
    line.open()
    pair[1].close()
    await until(lambda: line._loop is None)
    line.say(packed(("count", 1)))
    line.load()
    loop = asyncio.get_running_loop()
    assert not loop.remove_reader(pair[0].fileno())
    assert not loop.remove_writer(pair[0].fileno())


async def test_sending_to_an_end_that_is_gone_closes_the_line(line, pair):
    line.open()
    pair[1].close()
    line.say(packed(("count", 1)))
    assert line._loop is None
