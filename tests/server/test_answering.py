import asyncio

import pytest

from dnsd.answer.terms import Terms
from dnsd.model.message import Resolved
from dnsd.runtime.clock import SystemClock
from dnsd.server.answering import Answering
from dnsd.server.forwarding import Forwarding
from dnsd.server.tally import Tally

HOME = b"\x7f\0\0\1"


class Later:
    """A forwarder that has nothing at hand, and brings what the test brings."""

    def __init__(self):
        self.delivered = asyncio.Queue()

    def at_hand(self, wanted):
        return None

    def ask(self, wanted, deliver):
        self.delivered.put_nowait(deliver)


@pytest.fixture
def tally():
    return Tally("tls")


@pytest.fixture
def answering(respond, table, tally):
    return Answering(respond, table, Terms(is_tcp=True), SystemClock(), tally)


async def test_a_question_is_answered_and_counted(answering, ask, answered, tally):
    assert await answering.answer(ask(7), HOME) == answered(7)
    assert tally.counts()["dnsd_dns_requests", "tls", "A"] == 1


async def test_what_gets_no_answer_is_nothing(answering, ask, tally):
    assert await answering.answer(ask(7, b"silence"), HOME) == b""
    assert await answering.answer(ask(8, b"forward"), HOME) == b""
    assert tally.counts()["dnsd_dns_dropped", "tls", "forward"] == 1


async def test_a_fault_is_a_servfail(answering, ask, tally):
    assert (await answering.answer(ask(7, b"fault"), HOME))[3] == 2
    assert tally.counts()["dnsd_dns_failures", "tls"] == 1


async def test_what_others_are_asked_for_is_waited_for(respond, table, ask, answered, tally):
    later, terms = Later(), Terms(is_tcp=True)
    terms.forwarding = frozenset()
    answering = Answering(respond, table, terms, SystemClock(), tally, Forwarding(later, terms, tally))
    waiting = asyncio.ensure_future(answering.answer(ask(7, b"forward"), HOME))
    deliver = await asyncio.wait_for(later.delivered.get(), 10)
    assert not waiting.done()
    deliver(Resolved(0))
    reply = await waiting
    assert (reply[:2], reply[3] & 0x80) == (b"\0\7", 0x80), "RA: we do forward for this client"


async def test_who_left_is_not_answered(respond, table, ask, tally):
    later, terms = Later(), Terms(is_tcp=True)
    answering = Answering(respond, table, terms, SystemClock(), tally, Forwarding(later, terms, tally))
    waiting = asyncio.ensure_future(answering.answer(ask(7, b"forward"), HOME))
    deliver = await asyncio.wait_for(later.delivered.get(), 10)
    waiting.cancel()
    await asyncio.wait({waiting})
    deliver(Resolved(0))
    assert waiting.cancelled()
