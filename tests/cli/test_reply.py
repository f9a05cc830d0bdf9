"""A reply as people and programs see it."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from dnsd.cli.exchange import Exchanged
from dnsd.cli.reply import empty_because, reply_document, reply_lines, short_lines
from dnsd.codec.wire import read_message

SOA = "example.org. 5 IN SOA ns1.example.org. host.example.org. 1 2 3 4 5"


def exchanged(rtype="A", answer=(), authority=(), additional=(), rcode=0, options=None, aa=True):
    query = dns.message.make_query("www.example.org", rtype)
    message = dns.message.make_response(query)
    message.flags |= dns.flags.AA if aa else 0
    message.set_rcode(rcode)
    if options:
        message.use_edns(options=options)
    for section, lines in ((message.answer, answer), (message.authority, authority), (message.additional, additional)):
        section.extend(dns.rrset.from_text(*line.split(" ", 4)) for line in lines)
    packet = message.to_wire()
    return Exchanged(read_message(packet), "UDP", "127.0.0.1:1053", len(packet), 0.0012)


def test_an_answer_with_all_sections():
    reply = exchanged(
        "SRV",
        ["www.example.org. 60 IN SRV 0 100 8080 web-1.example.org."],
        ["example.org. 3600 IN NS ns1.example.org."],
        ["web-1.example.org. 60 IN A 192.0.2.10", "web-1.example.org. 60 IN AAAA 2001:db8::10"],
    )
    assert list(reply_lines(reply)) == [
        "; www.example.org. SRV",
        f"; NOERROR, aa rd, UDP 127.0.0.1:1053, {reply.octets} octets in 1.2 ms",
        "; answer",
        "www.example.org. 60 IN SRV 0 100 8080 web-1.example.org.",
        "; authority",
        "example.org. 3600 IN NS ns1.example.org.",
        "; additional",
        "web-1.example.org. 60 IN A    192.0.2.10",
        "web-1.example.org. 60 IN AAAA 2001:db8::10",
    ]
    assert list(short_lines(reply.message)) == ["0 100 8080 web-1.example.org."]
    assert empty_because(reply.message) == ""


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (exchanged(authority=[SOA]), "no data: the name exists, but not with this type"),
        (exchanged(authority=[SOA], rcode=dns.rcode.NXDOMAIN), "no such name"),
        (exchanged(rcode=dns.rcode.SERVFAIL), "the server cannot answer now"),
        (exchanged(rcode=dns.rcode.REFUSED), "the server does not answer for this name"),
        (exchanged(rcode=dns.rcode.NOTIMP), "no answer: NOTIMP"),
        (exchanged(authority=["sub.example.org. 5 IN NS ns.x."], aa=False), "delegated: ask the servers named below"),
    ],
)
def test_no_answer_says_why(reply, why):
    assert empty_because(reply.message) == why
    assert f"; {why}" in list(reply_lines(reply))
    assert list(short_lines(reply.message)) == []


def test_extended_errors_are_told_and_safe_for_a_terminal():
    reply = exchanged(rcode=dns.rcode.SERVFAIL, options=[dns.edns.EDEOption(14, "loading\x1b[2J")])
    assert "; extended error 14 (not ready): loading\\x1b[2J" in list(reply_lines(reply))
    assert reply_document(reply)["extended_errors"] == [{"code": 14, "text": "loading\x1b[2J"}]


def test_the_document():
    reply = exchanged(answer=["www.example.org. 60 IN A 192.0.2.10"])
    assert reply_document(reply) == {
        "question": {"name": "www.example.org.", "type": "A", "class": "IN"},
        "status": "NOERROR",
        "flags": ["qr", "aa", "rd"],
        "extended_errors": [],
        "answer": [{"name": "www.example.org.", "ttl": 60, "class": "IN", "type": "A", "data": "192.0.2.10"}],
        "authority": [],
        "additional": [],
        "server": "127.0.0.1:1053",
        "transport": "udp",
        "octets": reply.octets,
        "milliseconds": 1.2,
    }


def test_a_reply_without_a_question():
    message = read_message(bytes.fromhex("000181010000000000000000"))
    reply = Exchanged(message, "none", "zones", 12, 0.0)
    assert list(reply_lines(reply)) == ["; FORMERR, rd, from zones, 12 octets", "; no answer: FORMERR"]
    assert reply_document(reply)["question"] is None
