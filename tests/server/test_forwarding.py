import pytest

from dnsd.answer.terms import Terms
from dnsd.model.message import Forward, Rcode, Resolved, Wanted
from dnsd.server.asking import SILENCE
from dnsd.server.forwarding import Forwarding
from dnsd.server.tally import Tally

A = b"\0\1\0\1"
HOME, STRANGER = b"\x7f\0\0\1", b"\xcb\0\x71\7"
ANSWER = Resolved(Rcode.NOERROR)


class Known:
    """A forwarder that knows what it is given, and has the rest asked by the test."""

    def __init__(self) -> None:
        self.known = {}
        self.asked = {}

    def at_hand(self, wanted):
        return self.known.get(wanted)

    def ask(self, wanted, deliver):
        self.asked[wanted] = deliver


@pytest.fixture
def house():
    terms, tally, known = Terms(), Tally("udp"), Known()
    terms.forwarding = frozenset()
    return known, Forwarding(known, terms, tally), tally


def a_forward(ask, answered, number=1):
    return Forward(Wanted(b"\0", A), A, lambda resolved: answered(number)), ask(number)


def test_what_is_at_hand_is_answered_at_once(house, ask, answered):
    known, forwarding, _ = house
    forward, packet = a_forward(ask, answered)
    known.known[forward.wanted] = ANSWER
    assert forwarding.answer(forward, packet, HOME, lambda: pytest.fail("not needed")) == (answered(1), A)


@pytest.mark.parametrize(("peer", "ra"), [(HOME, 0x80), (STRANGER, 0)])
def test_what_has_to_be_asked_is_sent_and_counted_later(house, ask, answered, peer, ra):
    known, forwarding, tally = house
    forward, packet = a_forward(ask, answered)
    sent = []
    assert forwarding.answer(forward, packet, peer, lambda: sent.append) == SILENCE
    assert (sent, tally.counts()) == ([], {})
    known.asked[forward.wanted](ANSWER)
    assert sent == [answered(1)[:3] + bytes((ra,)) + answered(1)[4:]]
    assert tally.counts() == {("dnsd_dns_requests", "udp", "A"): 1, ("dnsd_dns_responses", "NOERROR"): 1}


@pytest.mark.parametrize(("limited", "counted"), [((b"", b""), {}), (None, {("dnsd_dns_responses", "NOERROR"): 1})])
def test_what_comes_later_is_limited_before_it_is_counted_and_sent(ask, answered, limited, counted):
    known, tally, seen, sent = Known(), Tally("udp"), [], []

    def limit(answer, packet, peer):
        seen.append((answer, packet, peer))
        return answer if limited is None else limited

    forwarding = Forwarding(known, Terms(), tally, limit)
    forward, packet = a_forward(ask, answered)
    forwarding.answer(forward, packet, STRANGER, lambda: sent.append)
    assert seen == []
    known.asked[forward.wanted](ANSWER)
    assert seen == [((answered(1), A), packet, STRANGER)]
    assert sent == [answered(1) if limited is None else b""]
    assert {key: number for key, number in tally.counts().items() if key[0] == "dnsd_dns_responses"} == counted


def test_a_fault_in_the_reply_is_a_servfail(house, ask):
    known, forwarding, tally = house

    def broken(_):
        raise RuntimeError("a fault")

    forward = Forward(Wanted(b"\0", A), A, broken)
    known.known[forward.wanted] = ANSWER
    reply, _ = forwarding.answer(forward, ask(1), HOME, list)
    assert reply[3] & 15 == Rcode.SERVFAIL
    assert tally.counts()[("dnsd_dns_failures", "udp")] == 1


def test_replies_to_those_we_forward_for_say_so(house, answered):
    _, forwarding, _ = house
    offered = forwarding.offered((answered(1), answered(2), b""), (HOME, STRANGER, HOME))
    assert [reply[3:4] for reply in offered] == [b"\x80", b"\0", b""]
