import asyncio

import pytest
from upstreams import CNAME, A, a_question, a_reply
from waiting import eventually

from dnsd.forward import exchange as exchange_module
from dnsd.forward import forwarder as forwarder_module
from dnsd.forward.cache import Cache
from dnsd.forward.exchange import Exchange
from dnsd.forward.failures import Failures
from dnsd.forward.flights import Flights
from dnsd.forward.forwarder import Forwarder
from dnsd.forward.health import Health
from dnsd.forward.routes import Routes
from dnsd.forward.tries import Tries
from dnsd.model.message import ExtendedError, Rcode
from dnsd.model.names import name_from_text
from dnsd.runtime.clock import SystemClock

WWW = "www.example.com. 300 IN A 192.0.2.80"


class Turned(SystemClock):
    """The system's clock, and so many seconds more."""

    more = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.more


class Stage:
    """A forwarder with some upstreams by domain."""

    def __init__(self, upstreams, in_flight=1000, is_ours=lambda name: False) -> None:
        self.clock = Turned()
        health = Health(self.clock)
        exchange = Exchange(health, self.clock)
        routes = Routes({name_from_text(domain): [each.upstream] for domain, each in upstreams.items()})
        cache = Cache(1 << 20, 86_400, self.clock)
        tries = Tries(exchange, health)
        self.forwarder = Forwarder(routes, exchange, tries, cache, Failures(self.clock), Flights(in_flight), is_ours)

    def ask_later(self, wanted):
        told = asyncio.get_running_loop().create_future()
        self.forwarder.ask(wanted, told.set_result)
        return told

    async def ask(self, name="www.example.com", key=A):
        wanted = a_question(name, key)
        at_hand = self.forwarder.at_hand(wanted)
        return at_hand if at_hand is not None else await asyncio.wait_for(self.ask_later(wanted), 20)

    def told(self, how):
        return self.forwarder.counts().get(("dnsd_forward_told", how), 0)


@pytest.fixture
async def stage():
    made = []

    def make(*arguments, **options):
        made.append(Stage(*arguments, **options))
        return made[-1]

    yield make
    for each in made:
        await each.forwarder.close()


def good(_, packet, __):
    return [a_reply(packet, WWW)]


def addresses(resolved):
    return [".".join(map(str, each.rdata)) for each in resolved.answers if each.rtype == 1]


async def test_a_question_is_asked_once_and_then_answered_from_memory(scripted, stage):
    server = await scripted(good)
    made = stage({".": server})
    assert [addresses(await made.ask()) for _ in range(3)] == [["192.0.2.80"]] * 3
    assert (server.questions(), made.told("asked"), made.told("cached")) == (1, 1, 2)
    counts = made.forwarder.counts()
    assert counts[("dnsd_forward_cache_answers",)] == 1
    assert counts[("dnsd_forward_tries", "answered")] == 1
    assert counts[("dnsd_forward_in_flight",)] == 0


async def test_identical_questions_under_way_are_asked_once(scripted, stage):
    server = await scripted(lambda _, packet, __: [])
    made = stage({".": server})
    waiting = [made.ask_later(a_question()) for _ in range(100)]
    await eventually(lambda: server.asked)
    server.udp.sendto(a_reply(server.asked[0][1], WWW), server.peers[0])
    found = await asyncio.wait_for(asyncio.gather(*waiting), 10)
    assert [addresses(each) for each in found] == [["192.0.2.80"]] * 100
    assert (server.questions(), made.told("merged")) == (1, 99)


async def test_special_names_and_those_of_nobody_reach_no_upstream(scripted, stage):
    server = await scripted(good)
    made = stage({"example.com": server})
    assert (await made.ask("x.onion")).rcode == Rcode.NXDOMAIN
    assert addresses(await made.ask("localhost")) == ["127.0.0.1"]
    assert (await made.ask("www.example.net")).rcode == Rcode.REFUSED
    assert (server.questions(), made.told("local"), made.told("nobody")) == (0, 2, 1)
    assert addresses(await made.ask()) == ["192.0.2.80"]


async def test_a_failure_is_remembered_and_tried_again_after_a_second(scripted, stage):
    server = await scripted(lambda _, packet, __: [a_reply(packet, rcode=2)])
    made = stage({".": server})
    first = await made.ask()
    assert (first.rcode, first.reason) == (Rcode.SERVFAIL, ExtendedError.NO_REACHABLE_AUTHORITY)
    again = await made.ask()
    assert (again.rcode, again.reason) == (Rcode.SERVFAIL, ExtendedError.CACHED_ERROR)
    assert (server.questions(), made.told("failed-before")) == (1, 1)
    made.clock.more += 1.1
    server.script = good
    assert addresses(await made.ask()) == ["192.0.2.80"]


async def test_what_is_over_is_asked_anew_and_told_stale_when_nobody_answers(scripted, stage):
    server = await scripted(good)
    made = stage({".": server})
    await made.ask()
    made.clock.more += 301
    server.script = lambda _, packet, __: [a_reply(packet, rcode=2)]
    stale = await made.ask()
    assert (addresses(stale), stale.answers[0].ttl, stale.reason) == (["192.0.2.80"], 30, ExtendedError.STALE_ANSWER)
    assert (await made.ask()).reason == ExtendedError.STALE_ANSWER
    assert (server.questions(), made.told("stale")) == (2, 2)
    made.clock.more += 2
    server.script = good
    fresh = await made.ask()
    assert (fresh.reason, fresh.answers[0].ttl) == (None, 300)


async def test_who_waits_too_long_is_told_what_is_stale_while_the_question_is_still_asked(scripted, stage, monkeypatch):
    monkeypatch.setattr(forwarder_module, "STALE_AFTER_SECONDS", 0.1)
    monkeypatch.setattr(exchange_module, "TRY_SECONDS", 60.0)
    server = await scripted(good)
    made = stage({".": server})
    await made.ask()
    made.clock.more += 301
    server.script = lambda _, packet, __: []
    assert (await made.ask()).reason == ExtendedError.STALE_ANSWER
    assert made.forwarder.counts()[("dnsd_forward_in_flight",)] == 1
    server.udp.sendto(a_reply(server.asked[-1][1], WWW), server.peers[-1])
    await asyncio.wait_for(made.forwarder.idle(10), 20)
    assert (await made.ask()).reason is None
    assert made.told("cached") == 1


async def test_too_many_questions_are_shed_at_once(scripted, stage, monkeypatch):
    monkeypatch.setattr(exchange_module, "TRY_SECONDS", 60.0)
    server = await scripted(lambda _, packet, __: [])
    made = stage({".": server}, in_flight=10)
    waiting = [made.ask_later(a_question(f"n{number}.example")) for number in range(10)]
    shed = await made.ask("one.more.example")
    assert (shed.rcode, shed.text) == (Rcode.SERVFAIL, "too many questions are being forwarded")
    assert made.forwarder.at_hand(a_question("n3.example")) is None
    assert made.told("shed") == 1
    await made.forwarder.close()
    assert {each.result().rcode for each in waiting} == {Rcode.SERVFAIL}


async def test_the_answer_is_there_within_its_time(scripted, stage, monkeypatch):
    monkeypatch.setattr(forwarder_module, "ANSWER_SECONDS", 0.3)
    server = await scripted(lambda _, packet, __: [])
    made = stage({".": server})
    assert (await made.ask()).rcode == Rcode.SERVFAIL
    assert made.forwarder.counts()[("dnsd_forward_in_flight",)] == 0


async def test_an_alias_alone_is_followed_to_another_upstream(scripted, stage):
    def aliases(_, packet, __):
        return [a_reply(packet, "www.example.com. 300 IN CNAME there.example.net.")]

    first = await scripted(aliases)
    second = await scripted(lambda _, packet, __: [a_reply(packet, "there.example.net. 60 IN A 192.0.2.9")])
    made = stage({"example.com": first, ".": second})
    resolved = await made.ask()
    assert [each.rtype for each in resolved.answers] == [5, 1]
    assert (first.questions(), second.questions()) == (1, 1)
    made.clock.more += 61
    assert made.forwarder.at_hand(a_question()) is None
    assert len((await made.ask("www.example.com", CNAME)).answers) == 1


async def test_an_alias_into_our_own_zones_is_not_asked_for(scripted, stage):
    ours = name_from_text("web.default.svc.cluster.local")
    alias = "www.example.com. 300 IN CNAME web.default.svc.cluster.local."
    server = await scripted(lambda _, packet, __: [a_reply(packet, alias)])
    made = stage({".": server}, is_ours=lambda name: name == ours)
    assert (await made.ask()).answers[0].rdata == ours
    assert server.questions() == 1


async def test_aliases_in_a_circle_and_without_end_are_failures(scripted, stage):
    def circle(_, packet, __):
        here, there = ("a", "b") if packet[13:14] == b"a" else ("b", "a")
        return [a_reply(packet, f"{here}.example. 300 IN CNAME {there}.example.")]

    made = stage({".": await scripted(circle)})
    assert (await made.ask("a.example")).rcode == Rcode.SERVFAIL

    def endless(server, packet, _):
        number = server.questions()
        return [a_reply(packet, f"n{number - 1}.example. 300 IN CNAME n{number}.example.")]

    server = await scripted(endless)
    made = stage({".": server})
    assert (await made.ask("n0.example")).rcode == Rcode.SERVFAIL
    assert server.questions() == forwarder_module.CHAINED_MOST + 1


async def test_a_fault_within_is_an_answer_too(scripted, stage, monkeypatch, caplog):
    made = stage({".": await scripted(good)})

    async def broken(*_):
        raise RuntimeError("a fault")

    monkeypatch.setattr(made.forwarder._tries, "ask", broken)
    assert (await made.ask()).rcode == Rcode.SERVFAIL
    assert made.forwarder._flights._waiting == {}
    await asyncio.sleep(0)
    assert "a fault" in caplog.text
