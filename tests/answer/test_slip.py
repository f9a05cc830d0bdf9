"""What a client over its rate is told."""

import dns.edns
import dns.flags
import dns.message
import pytest

from dnsd.answer.cookies import server_cookie
from dnsd.answer.slip import has_our_cookie, truncated
from dnsd.answer.terms import Terms

PEER, OTHER, SECRET, NOW = b"\xc6\x33\x64\1", b"\xc6\x33\x64\2", b"0123456789abcdef", 1_700_000_000
CLIENT = b"clientck"


@pytest.fixture
def terms() -> Terms:
    made = Terms(cookie_secret=SECRET)
    made.now = NOW
    return made


def with_cookie(query, cookie: bytes) -> bytes:
    return query("web.default.svc.cluster.local", options=[dns.edns.GenericOption(10, cookie)])


def test_a_cookie_of_ours_for_this_address_is_known(query, terms):
    ours = CLIENT + server_cookie(CLIENT, PEER, NOW, SECRET)
    assert has_our_cookie(with_cookie(query, ours), PEER, terms)
    assert not has_our_cookie(with_cookie(query, ours), OTHER, terms)
    assert not has_our_cookie(with_cookie(query, CLIENT), PEER, terms)
    assert not has_our_cookie(with_cookie(query, CLIENT + bytes(16)), PEER, terms)
    assert not has_our_cookie(with_cookie(query, ours), PEER, Terms())


@pytest.mark.parametrize("packet", [b"", bytes(11), bytes(12), b"\0\1" + bytes(9) + b"\1" + b"\xff" * 9])
def test_what_cannot_be_read_holds_no_cookie(packet, terms):
    assert not has_our_cookie(packet, PEER, terms)


def test_a_truncated_reply_says_so_and_nothing_else(query, terms):
    # RFC 2181 9: "When a DNS client receives a reply with TC set, it should ignore that response, and query again,
    # using a mechanism, such as a TCP connection, that will permit larger replies."
    packet = query("Web.default.svc.cluster.local", "SRV")
    reply = truncated(packet, PEER, terms)
    message = dns.message.from_wire(reply)
    assert dns.message.from_wire(packet).is_response(message)
    assert message.flags == dns.flags.QR | dns.flags.TC | dns.flags.RD
    assert not message.answer + message.authority + message.additional
    assert b"\3Web" in reply
    assert message.edns == -1
    assert len(reply) == len(packet)


def test_opt_and_cookie_come_along_so_that_the_next_question_has_no_limit(query, terms):
    packet = with_cookie(query, CLIENT)
    message = dns.message.from_wire(truncated(packet, PEER, terms))
    assert message.flags & dns.flags.TC
    (cookie,) = message.options
    assert has_our_cookie(with_cookie(query, cookie.to_wire()), PEER, terms)


def test_a_client_that_asks_for_its_cookie_alone_has_no_question_echoed(terms):
    opt = b"\0\0\x29\4\xd0\0\0\0\0\0\x0c\0\x0a\0\x08" + CLIENT
    message = dns.message.from_wire(truncated(b"\0\7\0\0\0\0\0\0\0\0\0\1" + opt, PEER, terms))
    assert (message.id, message.question, message.edns) == (7, [], 0)
