"""The scanner reads what is whole and refuses what is not; it follows nothing and never loops."""

from collections.abc import Callable

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.answer.edns import Edns, opt_octets
from dnsd.answer.scan import (
    PLAIN,
    Query,
    is_query,
    question_name_end,
    read_bare_edns,
    read_query,
    soa_serial_in_authority,
)
from dnsd.model.errors import MalformedQuery
from dnsd.model.names import name_from_text

MakeQuery = Callable[..., bytes]
WEB = name_from_text("web.example.org")
A_IN, OPT = b"\0\1\0\1", opt_octets(1232, is_do=False)
TSIG = b"\3key\0\0\xfa\0\xff" + bytes(6)
RECORD = b"\xc0\x0c" + A_IN + bytes(4) + b"\0\4" + bytes(4)


def header(
    questions: int = 1, answers: int = 0, authorities: int = 0, additionals: int = 0, flags: int = 0x0100
) -> bytes:
    return b"".join(number.to_bytes(2) for number in (0x1234, flags, questions, answers, authorities, additionals))


def asked(name: bytes, key: bytes = A_IN) -> bytes:
    return header() + name + key


def test_a_query_is_read(query: MakeQuery) -> None:
    packet = query("Web.Example.ORG", "SRV")
    assert read_query(packet) == Query(is_rd=True, owner=WEB, question=packet[12:], key=b"\0\x21\0\1", edns=None)
    assert (read_query(packet).qtype, read_query(packet).qclass) == (33, 1)


def test_the_question_is_kept_as_it_was_sent(query: MakeQuery) -> None:
    # RFC 4343 4.1: output case is preserved.
    packet = query("wEb.eXample.org")
    assert read_query(packet).question[1:4] == b"wEb"


@pytest.mark.parametrize(("flags", "is_rd"), [(0x0100, True), (0x0000, False), (0x0730, True)])
def test_recursion_desired(flags: int, is_rd: bool) -> None:
    assert read_query(header(flags=flags) + WEB + A_IN).is_rd is is_rd


def test_its_opt_is_read(query: MakeQuery) -> None:
    packet = query("web.example.org", use_edns=0, payload=4096, want_dnssec=True)
    assert read_query(packet).edns == Edns(4096, 0, is_do=True)


def test_its_signature_is_found() -> None:
    packet = header(additionals=2) + WEB + A_IN + OPT + TSIG
    assert packet[read_query(packet).tsig_at :] == TSIG
    assert read_query(packet[: -len(TSIG)].replace(b"\0\2", b"\0\1", 1)).tsig_at == 0


LONGEST = b"\x3f" + b"x" * 63
NAME_255 = LONGEST * 3 + b"\x3d" + b"x" * 61 + b"\0"
NAMES = [
    b"\0",
    WEB,
    NAME_255,
    b"\1a" * 127 + b"\0",
    b"\4a\0b.\1*\0",
    bytes((63, *range(256 - 63, 256))) + b"\0",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_can_be(name: bytes) -> None:
    assert read_query(asked(name)).owner == name.lower()
    assert question_name_end(asked(name)) == 12 + len(name)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (header(), "name cut short"),
        (header() + b"\3we", "name cut short"),
        (header() + b"\3web", "name cut short"),
        (header() + WEB, "question cut short"),
        (header() + WEB + A_IN[:3], "question cut short"),
        (asked(b"\xc0\x0c"), "pointer or unknown label type"),
        (asked(b"\3web\xc0\x0c"), "pointer or unknown label type"),
        (asked(b"\xff\xff"), "pointer or unknown label type"),
        (asked(b"\x41x\0"), "pointer or unknown label type"),
        (asked(b"\x80\0"), "pointer or unknown label type"),
        (asked(LONGEST * 3 + b"\x3e" + b"x" * 62 + b"\0"), "above 255 octets"),
        (asked(b"\1a" * 128 + b"\0"), "above 255 octets"),
        (asked(LONGEST * 1000 + b"\0"), "above 255 octets"),
        # RFC 9619: "A DNS message with OPCODE = 0 MUST NOT include a QDCOUNT parameter whose value is greater than 1."
        (header(2) + (WEB + A_IN) * 2, "not one question"),
        (header(2) + WEB + A_IN, "not one question"),
        (header(0), "not one question"),
        (header(65_535) + WEB + A_IN, "not one question"),
        (asked(WEB) + b"x", "octets behind"),
        (asked(WEB) + bytes(500), "octets behind"),
        (header(answers=1) + WEB + A_IN + RECORD, "before the additional section"),
        (header(authorities=1) + WEB + A_IN + RECORD, "before the additional section"),
        (header(additionals=1) + WEB + A_IN, "owner of a record cut short"),
        (header(additionals=2) + WEB + A_IN + OPT, "owner of a record cut short"),
        (header(additionals=1) + WEB + A_IN + OPT[:-1], "record cut short"),
        (header(additionals=1) + WEB + A_IN + b"\xc0", "record cut short"),
        (header(additionals=1) + WEB + A_IN + RECORD[:-1], "RDATA cut short"),
        (header(additionals=1) + WEB + A_IN + OPT[:-2] + b"\0\1", "RDATA cut short"),
        (header(additionals=1) + WEB + A_IN + b"\x41x\0" + RECORD[2:], "unknown label type"),
        (header(additionals=1) + WEB + A_IN + LONGEST * 4 + b"\0" + RECORD[2:], "too long"),
        (header(additionals=2) + WEB + A_IN + OPT * 2, "second, not additional or not the root's"),
        (header(additionals=1) + WEB + A_IN + b"\1a" + OPT, "not the root's"),
        (header(additionals=1) + WEB + A_IN + b"\xc0\x1c" + OPT[1:], "not the root's"),
        (header(authorities=1) + WEB + b"\0\xfb\0\1" + OPT, "not additional"),
        (header(additionals=1) + WEB + A_IN + opt_octets(1232, False, b"\0"), "option cut short"),
        # RFC 8945 5.1: a TSIG record is the last one of the additional section.
        (header(additionals=2) + WEB + A_IN + TSIG + OPT, "not the last additional record"),
        (header(authorities=1) + WEB + b"\0\xfb\0\1" + TSIG, "not the last additional record"),
    ],
)
def test_packets_that_cannot_be_read(packet: bytes, reason: str) -> None:
    with pytest.raises(MalformedQuery, match=reason):
        read_query(packet)


@pytest.mark.parametrize(
    "packet",
    [
        # Other records may stand in the additional section, with any owner; pointers are not followed.
        header(additionals=2) + WEB + A_IN + RECORD + OPT,
        header(additionals=1) + WEB + A_IN + b"\xff\xff" + RECORD[2:],
        header(additionals=1) + WEB + A_IN + b"\3web\xc0\x0c" + RECORD[2:],
        header(additionals=1) + WEB + A_IN + NAME_255 + RECORD[2:],
        # An IXFR brings the SOA it has (RFC 1995 3).
        header(authorities=1) + WEB + b"\0\xfb\0\1" + RECORD,
        # What other opcodes hold is their own business.
        header(answers=1, authorities=1, additionals=1, flags=0x2800) + WEB + A_IN + RECORD * 3,
    ],
)
def test_records_that_are_skipped(packet: bytes) -> None:
    assert read_query(packet).owner == WEB


def test_an_opt_without_a_question() -> None:
    assert read_bare_edns(header(0, additionals=1) + OPT) == Edns(1232, 0, is_do=False)
    assert read_bare_edns(header(0)) is None
    with pytest.raises(MalformedQuery):
        read_bare_edns(header(0) + b"x")


@pytest.mark.parametrize(("flags", "is_one"), [(0, True), (0x0100, True), (0x2800, False), (0x7800, False)])
def test_only_opcode_0_is_a_query(flags: int, is_one: bool) -> None:
    assert is_query(header(flags=flags)) is is_one


def test_plain_headers_are_those_of_plain_queries() -> None:
    assert len(PLAIN) == 16
    for head, index in PLAIN.items():
        packet = b"ab" + head + WEB + A_IN + (OPT if index > 1 else b"")
        message = dns.message.from_wire(packet)
        assert bool(message.flags & 0x0100) == bool(index & 1)
        assert (message.edns == 0) == (index > 1)
        assert (message.flags & ~0x0130, message.opcode()) == (0, 0)
        assert read_query(packet).owner == WEB


@given(st.binary(max_size=80), st.integers(0, 3), st.integers(0, 3))
def test_whatever_stands_behind_a_header_is_read_or_refused(body: bytes, questions: int, additionals: int) -> None:
    packet = header(questions, additionals=additionals) + body
    try:
        read = read_query(packet)
    except MalformedQuery:
        return
    assert packet[12:].startswith(read.question)
    assert read.question.lower() == read.owner + read.key.lower()


@given(st.binary(max_size=60))
def test_what_we_read_is_what_dnspython_reads(body: bytes) -> None:
    packet = header() + body
    try:
        read = read_query(packet)
    except MalformedQuery:
        return
    message = dns.message.from_wire(packet)
    assert message.question[0].name.to_wire().lower() == read.owner
    assert (message.question[0].rdtype, message.question[0].rdclass) == (read.qtype, read.qclass)


SOA = b"\xc0\x0c\0\6\0\1" + bytes(4) + b"\0\x18" + b"\0\0" + (7).to_bytes(4) + bytes(18)


def test_an_ixfr_says_which_serial_it_has() -> None:
    # RFC 1995 3: the authority section holds the SOA of the client's version.
    assert soa_serial_in_authority(header(authorities=1) + WEB + b"\0\xfb\0\1" + SOA[:10] + b"\0\x16" + SOA[12:34]) == 7


@pytest.mark.parametrize(
    ("authorities", "records"),
    [(0, b""), (2, RECORD * 2), (1, RECORD), (1, SOA[:11]), (1, SOA[:10] + b"\0\x15" + SOA[12:33]), (1, SOA[:-3])],
)
def test_an_ixfr_that_does_not_say(authorities: int, records: bytes) -> None:
    with pytest.raises(MalformedQuery, match="without one SOA"):
        soa_serial_in_authority(header(authorities=authorities) + WEB + b"\0\xfb\0\1" + records)
