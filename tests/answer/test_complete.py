"""The complete way: what no fast way would take, from rubbish to a question for a cookie alone."""

from collections.abc import Callable
from typing import Any

import dns.edns
import dns.message
import dns.rcode
import pytest

from dnsd.answer.complete import respond_completely
from dnsd.answer.cookies import server_cookie
from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.model.message import Drop

Ask = Callable[..., dns.message.Message]
PEER, SECRET, NOW = b"\x7f\0\0\1", b"0123456789abcdef", 1_700_000_000
CLIENT = b"clientck"


def terms(**fields: Any) -> Terms:
    made = Terms(**fields)
    made.now = NOW
    return made


TERMS = [terms(), terms(is_tcp=True), terms(payload_most=4096, cookie_secret=SECRET)]
WAYS = [respond, respond_completely]


@pytest.mark.parametrize(
    ("packet", "reason"),
    [(b"", "short"), (bytes(11), "short"), (b"ab\x80" + bytes(9), "response"), (b"ab\xff" * 9, "response")],
)
def test_what_is_answered_with_silence(table: Table, packet: bytes, reason: str) -> None:
    for way in WAYS:
        assert way(packet, PEER, 0, table, TERMS[0]) == Drop(reason)


def header_only(packet: bytes, rcode: int) -> bytes:
    return packet[:2] + bytes((0x80 | packet[2] & 0x79, rcode)) + bytes(8)


@pytest.mark.parametrize(
    ("packet", "rcode"),
    [
        (b"ab\1\0\0\0" + bytes(6), 1),
        (b"ab\0\0\0\1" + bytes(6), 1),
        (b"ab\1\0\0\1" + bytes(6) + b"\xc0\x0c\0\1\0\1", 1),
        (b"ab\1\0\0\2" + bytes(6) + b"\1a\0\0\1\0\1", 1),
        (b"ab\1\0\0\1" + bytes(6) + b"\1a\0\0\1\0\1x", 1),
        (b"ab\x28\0\0\2" + bytes(6) + b"\1a\0\0\1\0\1", 4),
        (b"ab\x11\0\0\0" + bytes(6), 4),
    ],
)
def test_what_cannot_be_read_is_answered_by_its_header_alone(table: Table, packet: bytes, rcode: int) -> None:
    for way in WAYS:
        assert way(packet, PEER, 0, table, TERMS[0]) == (header_only(packet, rcode), b"")


@pytest.mark.parametrize("labels", [["x" * 63] * 3 + ["x" * 50], ["a"] * 127, ["x"] * 5000])
def test_a_name_that_is_too_long_does_not_exist_even_below_ours(table: Table, labels: list[str]) -> None:
    # RFC 1035 3.1: "total length of a domain name ... is restricted to 255 octets or less": FORMERR, no NXDOMAIN.
    name = b"".join(bytes((len(label),)) + label.encode() for label in labels) + b"\7cluster\5local\0"
    packet = b"ab\1\0\0\1" + bytes(6) + name + b"\0\1\0\1"
    assert len(name) > 255
    for way in WAYS:
        assert way(packet, PEER, 0, table, TERMS[1]) == (header_only(packet, 1), b"")


def bare(options: bytes = b"", flags: int = 0, version: int = 0) -> bytes:
    """A query of nothing but an OPT."""
    opt = b"\0\0\x29\4\xd0\0" + bytes((version,)) + flags.to_bytes(2) + len(options).to_bytes(2) + options
    return b"ab\1\0" + bytes(6) + b"\0\1" + opt


GOOD = CLIENT + server_cookie(CLIENT, PEER, NOW, SECRET)


@pytest.mark.parametrize(
    ("cookie", "rcode"),
    [
        (CLIENT, "NOERROR"),
        (GOOD, "NOERROR"),
        (CLIENT + bytes(16), "BADCOOKIE"),
        (GOOD[:-1], "BADCOOKIE"),
        (None, "FORMERR"),
    ],
)
def test_a_client_may_ask_for_its_cookie_alone(ask: Ask, cookie: bytes | None, rcode: str) -> None:
    # RFC 7873 5.4: a QDCOUNT of zero with a COOKIE option is a query for a server cookie.
    option = b"" if cookie is None else b"\0\x0a" + len(cookie).to_bytes(2) + cookie
    message = ask(bare(option, flags=0x8000), TERMS[2])
    assert dns.rcode.to_text(message.rcode()) == rcode
    assert [each.to_wire() for each in message.options] == ([] if cookie is None else [GOOD])
    assert (message.edns, message.ednsflags & 0x8000, message.question) == (0, 0x8000, [])


def test_nothing_is_asked_and_there_are_no_cookies(ask: Ask) -> None:
    message = ask(bare(b"\0\x0a\0\x08" + CLIENT), TERMS[0])
    assert (message.rcode(), message.edns, message.options) == (dns.rcode.FORMERR, 0, ())


def test_nothing_is_asked_in_a_version_we_do_not_speak(ask: Ask) -> None:
    message = ask(bare(version=1), TERMS[2])
    assert (message.rcode(), message.edns) == (dns.rcode.BADVERS, 0)


@pytest.mark.parametrize(
    "name", ["web.default.svc.cluster.local", "nobody.default.svc.cluster.local", "www.example.com"]
)
def test_whoever_pads_questions_gets_padded_answers_where_nobody_can_read_them(table: Table, name: str) -> None:
    """RFC 7830 4: responses are padded when the query was, 6: and the transport is encrypted."""
    encrypted = terms(is_tcp=True)
    encrypted.is_encrypted = True
    padding = dns.edns.GenericOption(12, bytes(16))
    for door, options, is_padded in (
        (encrypted, [padding], True),
        (encrypted, [], False),
        (TERMS[1], [padding], False),
    ):
        query = dns.message.make_query(name, "A", use_edns=0, options=options)
        for way in WAYS:
            reply = way(query.to_wire(), PEER, 0, table, door)[0]
            assert [each.otype for each in dns.message.from_wire(reply).options if each.otype == 12] == [12] * is_padded
            assert len(reply) == 468 or not is_padded
