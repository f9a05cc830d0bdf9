import asyncio

import pytest
from upstreams import a_question, a_reply

from dnsd.forward import exchange as exchange_module
from dnsd.forward.exchange import Exchange
from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.health import Health
from dnsd.forward.tries import Tries
from dnsd.forward.upstream import Upstream
from dnsd.runtime.clock import SystemClock

WWW = "www.example.com. 300 IN A 192.0.2.80"


def good(_, packet, __):
    return [a_reply(packet, WWW)]


def silent(_, __, ___):
    return []


def failing(_, packet, __):
    return [a_reply(packet, rcode=2)]


@pytest.fixture
def tries():
    clock = SystemClock()
    health = Health(clock)
    return Tries(Exchange(health, clock), health)


async def test_the_first_upstream_alone_is_asked_when_it_answers(scripted, tries):
    first, second = await scripted(good), await scripted(good)
    assert (await tries.ask([first.upstream, second.upstream], a_question())).ttl == 300
    assert (first.questions(), second.questions()) == (1, 0)


async def test_the_second_is_asked_early_when_the_first_is_slow(scripted, tries, monkeypatch):
    monkeypatch.setattr(exchange_module, "TRY_SECONDS", 60.0)
    first, second = await scripted(silent), await scripted(good)
    async with asyncio.timeout(20):
        assert (await tries.ask([first.upstream, second.upstream], a_question())).ttl == 300
    assert (first.questions(), second.questions()) == (1, 1)


async def test_a_failure_moves_on_at_once_and_is_not_repeated(scripted, tries, monkeypatch):
    monkeypatch.setattr(exchange_module, "TRY_SECONDS", 60.0)
    first, second = await scripted(failing), await scripted(failing)
    with pytest.raises(UpstreamFailed, match="servfail"):
        await tries.ask([first.upstream, second.upstream], a_question())
    assert (first.questions(), second.questions()) == (1, 1)


async def test_a_lone_silent_upstream_is_tried_twice(scripted, tries, monkeypatch):
    monkeypatch.setattr(exchange_module, "TRY_SECONDS", 0.2)
    server = await scripted(silent)
    with pytest.raises(UpstreamFailed, match="timeout"):
        await tries.ask([server.upstream], a_question())
    assert server.questions() == 2
    assert server.asked[0][1][:2] != server.asked[1][1][:2] or server.peers[0] != server.peers[1]


async def test_all_are_tried_when_all_seem_dead_and_one_that_came_back_is_found(scripted, tries, monkeypatch):
    monkeypatch.setattr(exchange_module, "TRY_SECONDS", 0.1)
    servers = [await scripted(silent) for _ in range(2)]
    upstreams = [server.upstream for server in servers]
    for _ in range(3):
        with pytest.raises(UpstreamFailed):
            await tries.ask(upstreams, a_question())
    assert all(server.questions() == 6 for server in servers)
    servers[1].script = good
    assert (await tries.ask(upstreams, a_question())).ttl == 300


async def test_at_most_three_are_asked(scripted, tries, monkeypatch):
    servers = [await scripted(failing) for _ in range(5)]
    with pytest.raises(UpstreamFailed):
        await tries.ask([server.upstream for server in servers], a_question())
    assert [server.questions() for server in servers] == [1, 1, 1, 0, 0]


async def test_nobody_is_a_failure(tries):
    with pytest.raises(UpstreamFailed):
        await tries.ask([], a_question())


async def test_an_upstream_out_of_reach_is_no_hindrance(scripted, tries):
    second = await scripted(good)
    assert (await tries.ask([Upstream("255.255.255.255"), second.upstream], a_question())).ttl == 300
