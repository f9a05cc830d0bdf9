"""What is refused before anything is looked up, and in which order."""

from collections.abc import Callable

import dns.message
import pytest

from dnsd.answer.checks import refused
from dnsd.answer.draft import Draft
from dnsd.answer.scan import read_query
from dnsd.answer.terms import Terms
from dnsd.model.message import ExtendedError, Rcode

MakeQuery = Callable[..., bytes]
TOLD = Terms(version="dnsd", identity="replica-1")
BADVERS, REFUSED, NOTIMP, SERVFAIL = Rcode.BADVERS, Rcode.REFUSED, Rcode.NOTIMP, Rcode.SERVFAIL


def check(packet: bytes, is_loaded: bool = True, terms: Terms | None = None) -> Draft | None:
    return refused(read_query(packet), packet[2] >> 3 & 15, is_loaded, terms or Terms())


@pytest.mark.parametrize(
    ("rtype", "options", "rcode"),
    [
        ("A", {}, None),
        ("ANY", {}, None),
        ("TYPE65280", {}, None),
        ("A", {"use_edns": 0}, None),
        ("A", {"use_edns": 1}, BADVERS),
        ("AXFR", {}, REFUSED),
        ("IXFR", {}, REFUSED),
        ("A", {"rdclass": "CH"}, REFUSED),
        ("A", {"rdclass": "HS"}, REFUSED),
        ("A", {"rdclass": "ANY"}, REFUSED),
        ("A", {"rdclass": "NONE"}, REFUSED),
    ],
)
def test_queries_that_are_refused(
    query: MakeQuery, rtype: str, options: dict[str, object], rcode: Rcode | None
) -> None:
    draft = check(query("www.example.org", rtype, **options))
    assert (draft and draft.rcode) == rcode
    assert draft is None or not draft.is_authoritative


@pytest.mark.parametrize("opcode", range(1, 16))
def test_other_opcodes_are_not_implemented(query: MakeQuery, opcode: int) -> None:
    packet = query("www.example.org")
    draft = check(packet[:2] + bytes((opcode << 3,)) + packet[3:], is_loaded=False)
    assert draft is not None
    assert (draft.rcode, draft.opcode) == (NOTIMP, opcode)


@pytest.mark.parametrize(
    ("name", "rtype", "options", "rcode"),
    [
        ("www.example.org", "A", {}, SERVFAIL),
        ("elsewhere.example.com", "A", {}, SERVFAIL),
        ("www.example.org", "AXFR", {}, SERVFAIL),
        ("www.example.org", "A", {"rdclass": "HS"}, SERVFAIL),
        ("www.example.org", "A", {"rdclass": "CH"}, SERVFAIL),
        ("www.example.org", "A", {"use_edns": 1}, BADVERS),
    ],
)
def test_nothing_is_known_before_the_first_load(
    query: MakeQuery, name: str, rtype: str, options: dict[str, object], rcode: Rcode
) -> None:
    # dns-behaviour.md: "SERVFAIL with extended error 14 (RFC 8914) for everything; never NXDOMAIN".
    draft = check(query(name, rtype, **options), is_loaded=False)
    assert draft is not None
    assert (draft.rcode, draft.reason) == (rcode, ExtendedError.NOT_READY if rcode == SERVFAIL else None)


@pytest.mark.parametrize("is_loaded", [True, False])
@pytest.mark.parametrize(
    ("name", "rtype", "text"),
    [
        ("version.bind", "TXT", "dnsd"),
        ("VERSION.server", "TXT", "dnsd"),
        ("version.bind", "ANY", "dnsd"),
        ("id.server", "TXT", "replica-1"),
        ("hostname.bind", "TXT", "replica-1"),
    ],
)
def test_the_server_tells_of_itself_when_told_to(
    query: MakeQuery, name: str, rtype: str, text: str, is_loaded: bool
) -> None:
    # RFC 4892: class CH, type TXT.
    packet = query(name, rtype, rdclass="CH")
    draft = check(packet, is_loaded, TOLD)
    assert draft is not None
    assert draft.answer_count == 1
    assert draft.answers == draft.stable
    reply = packet[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + packet[12:] + draft.answers
    (rrset,) = dns.message.from_wire(reply).answer
    assert rrset.to_text() == f'{name} 0 CH TXT "{text}"'.replace(name, f"{name}.")


@pytest.mark.parametrize(
    ("name", "rtype", "terms"),
    [
        ("version.bind", "TXT", Terms()),
        ("id.server", "TXT", Terms(version="dnsd")),
        ("version.bind", "TXT", Terms(identity="replica-1")),
        ("version.bind", "A", TOLD),
        ("authors.bind", "TXT", TOLD),
    ],
)
def test_and_nothing_else(query: MakeQuery, name: str, rtype: str, terms: Terms) -> None:
    draft = check(query(name, rtype, rdclass="CH"), terms=terms)
    assert draft is not None
    assert draft.rcode == REFUSED


def test_a_long_story_is_cut(query: MakeQuery) -> None:
    draft = check(query("version.bind", "TXT", rdclass="CH"), terms=Terms(version="x" * 300))
    assert draft is not None
    assert draft.answers.endswith(b"\xff" + b"x" * 255)
