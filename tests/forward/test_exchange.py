import dns.flags
import pytest
from upstreams import a_question, a_reply

from dnsd.forward import exchange as exchange_module
from dnsd.forward.exchange import Exchange
from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.health import HEDGE_SECONDS_MOST, Health
from dnsd.runtime.clock import SystemClock

WWW = "www.example.com. 300 IN A 192.0.2.80"
MANY = [f"www.example.com. 300 IN A 192.0.2.{number}" for number in range(200)]


@pytest.fixture
def exchange():
    clock = SystemClock()
    return Exchange(Health(clock), clock)


async def test_an_answer_over_udp(scripted, exchange):
    server = await scripted(lambda _, packet, __: [a_reply(packet, WWW)])
    learnt = await exchange.ask(server.upstream, a_question())
    assert (learnt.ttl, dict(exchange.outcomes)) == (300, {"answered": 1})


async def test_a_truncated_answer_is_asked_for_over_tcp(scripted, exchange):
    def script(_, packet, is_tcp):
        return [a_reply(packet, *MANY) if is_tcp else a_reply(packet, *MANY[:3], flags=dns.flags.TC | dns.flags.RA)]

    server = await scripted(script)
    learnt = await exchange.ask(server.upstream, a_question())
    assert len(learnt.resolved.answers) == 200
    assert [how for how, _ in server.asked] == ["UDP", "TCP"]
    assert dict(exchange.outcomes) == {"truncated": 1, "answered": 1}


async def test_five_near_misses_go_to_tcp_where_nobody_can_guess(scripted, exchange):
    def script(_, packet, is_tcp):
        forged = a_reply(packet, "www.example.com. 300 IN A 203.0.113.6")
        guesses = [(int.from_bytes(forged[:2]) + step & 0xFFFF).to_bytes(2) + forged[2:] for step in range(1, 6)]
        return [a_reply(packet, WWW)] if is_tcp else [*guesses, forged]

    server = await scripted(script)
    learnt = await exchange.ask(server.upstream, a_question())
    assert learnt.resolved.answers[0].rdata == bytes((192, 0, 2, 80))
    assert [how for how, _ in server.asked] == ["UDP", "TCP"]
    assert dict(exchange.outcomes) == {"near-misses": 1, "answered": 1}


async def test_with_mixed_case_an_answer_in_another_case_is_no_answer(scripted, monkeypatch):
    monkeypatch.setattr(exchange_module, "TRY_SECONDS", 0.3)
    clock = SystemClock()
    exchange = Exchange(Health(clock), clock, mixes_case=True)

    def lowered(_, packet, is_tcp):
        reply = a_reply(packet, WWW)
        return [reply if is_tcp else reply[:12] + reply[12:29].swapcase() + reply[29:]]

    server = await scripted(lowered)
    assert (await exchange.ask(server.upstream, a_question())).ttl == 300
    assert dict(exchange.outcomes) == {"near-misses": 1, "answered": 1}


@pytest.mark.parametrize(("rcode", "outcome"), [(2, "servfail"), (5, "refused")])
async def test_a_failure_is_counted_by_its_word(scripted, exchange, rcode, outcome):
    server = await scripted(lambda _, packet, __: [a_reply(packet, rcode=rcode)])
    with pytest.raises(UpstreamFailed):
        await exchange.ask(server.upstream, a_question())
    assert dict(exchange.outcomes) == {outcome: 1}


async def test_silence_is_seen_in_the_health_of_the_upstream(scripted, monkeypatch):
    monkeypatch.setattr(exchange_module, "TRY_SECONDS", 0.1)
    clock = SystemClock()
    health = Health(clock)
    exchange = Exchange(health, clock)
    server = await scripted(lambda _, packet, __: [])
    for _ in range(2):
        with pytest.raises(UpstreamFailed):
            await exchange.ask(server.upstream, a_question())
    assert (health.resting(), dict(exchange.outcomes)) == (1, {"timeout": 2})
    server.script = lambda _, packet, __: [a_reply(packet, WWW)]
    await exchange.ask(server.upstream, a_question())
    assert health.resting() == 0
    assert health.hedge_seconds(server.upstream) <= HEDGE_SECONDS_MOST
    await exchange.close()
