"""Cutting to size: the additional section first, then whole records; TC when, and only when, an answer is missing."""

from typing import Any

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.answer.draft import Draft
from dnsd.answer.edns import opt_octets
from dnsd.answer.fit import fitted
from dnsd.authority.octets import OWNER_POINTER, record_octets
from dnsd.model.message import Rcode
from dnsd.model.names import name_from_text

QUESTION = name_from_text("web.default.svc.cluster.local") + b"\0\1\0\1"
OPT = opt_octets(1232, is_do=False)
RECORD_OCTETS = 16


def address(number: int) -> bytes:
    return record_octets(OWNER_POINTER, 1, 5, bytes((10, 0, number >> 8, number & 255)))


def draft_of(answers: int, authorities: int = 0, additionals: int = 0, **fields: Any) -> Draft:
    ordered = [address(number) for number in range(answers)]
    return Draft(
        answers=b"".join(reversed(ordered)),
        stable=b"".join(ordered),
        answer_count=answers,
        authority=address(1) * authorities,
        authority_count=authorities,
        additional=address(2) * additionals,
        additional_count=additionals,
        **fields,
    )


def read(packet: bytes) -> tuple[int, int, int, bool]:
    """Records of the three sections (without OPT), and TC."""
    message = dns.message.from_wire(packet, one_rr_per_rrset=True)
    sections = (message.answer, message.authority, message.additional)
    counts = [len(section) for section in sections]
    return counts[0], counts[1], counts[2], bool(message.flags & dns.flags.TC)


def room_for(records: int, opt: bytes = b"") -> int:
    return 12 + len(QUESTION) + len(opt) + records * RECORD_OCTETS


@given(
    st.integers(0, 60),
    st.integers(0, 3),
    st.integers(0, 60),
    st.booleans(),
    st.sampled_from([b"", OPT]),
    st.integers(120, 1300),
)
def test_never_above_the_limit_and_tc_only_for_what_is_missing(
    answers: int, authorities: int, additionals: int, is_glue: bool, opt: bytes, limit: int
) -> None:
    draft = draft_of(answers, authorities, additionals, is_glue=is_glue)
    packet = fitted(b"ab", True, QUESTION, draft, opt, limit)
    assert len(packet) <= limit
    assert packet.endswith(opt)
    kept, kept_authorities, kept_additionals, is_cut = read(packet)
    if not is_glue:
        assert is_cut == (kept < answers or kept_authorities < authorities)
    assert kept_additionals in (0, additionals)
    room = (limit - room_for(0, opt)) // RECORD_OCTETS
    if answers + authorities + additionals <= room:
        assert (kept, kept_authorities, kept_additionals, is_cut) == (answers, authorities, additionals, False)
    elif answers + authorities <= room:
        assert (kept, kept_authorities, kept_additionals) == (answers, authorities, 0)
        assert is_cut == is_glue
    else:
        assert (kept, kept_authorities, kept_additionals) == (min(answers, room), 0, 0)


def test_additional_records_go_first_and_silently() -> None:
    packet = fitted(b"ab", False, QUESTION, draft_of(10, additionals=10), b"", room_for(19))
    assert read(packet) == (10, 0, 0, False)


def test_glue_that_is_needed_is_missed() -> None:
    # RFC 9471 3.1: without room for the glue of a referral, TC is set.
    packet = fitted(b"ab", False, QUESTION, draft_of(0, 2, 10, is_glue=True), b"", room_for(11))
    assert read(packet) == (0, 2, 0, True)


def test_a_referral_that_does_not_fit_at_all() -> None:
    packet = fitted(b"ab", False, QUESTION, draft_of(1, 20, 10, is_glue=True), b"", room_for(11))
    assert read(packet) == (1, 0, 0, True)


def test_what_is_left_of_a_cut_set_stands_in_stable_order() -> None:
    # HAProxy would churn its slots otherwise.
    packet = fitted(b"ab", False, QUESTION, draft_of(40), b"", room_for(28))
    message = dns.message.from_wire(packet)
    assert [rdata.to_text() for rdata in message.answer[0]] == [f"10.0.0.{number}" for number in range(28)]


def test_a_set_that_fits_stands_in_drawn_order() -> None:
    packet = fitted(b"ab", False, QUESTION, draft_of(3), b"", room_for(3))
    assert [rdata.to_text() for rdata in dns.message.from_wire(packet).answer[0]] == [
        "10.0.0.2",
        "10.0.0.1",
        "10.0.0.0",
    ]


def test_records_are_whole_or_absent() -> None:
    draft = Draft()
    for size in (10, 250, 5):
        record = record_octets(OWNER_POINTER, 16, 5, bytes((size,)) + b"x" * size)
        draft.add(1, record, record)
    packet = fitted(b"ab", False, QUESTION, draft, b"", 200)
    assert read(packet) == (1, 0, 0, True)


@pytest.mark.parametrize(
    ("is_rd", "opt", "fields", "flags"),
    [
        (False, b"", {}, 0x8400),
        (True, b"", {}, 0x8500),
        (True, OPT, {"is_authoritative": False, "rcode": Rcode.REFUSED}, 0x8105),
        (False, b"", {"is_authoritative": False, "rcode": Rcode.NOTIMP, "opcode": 5}, 0xA804),
        (False, OPT, {"is_authoritative": False, "rcode": Rcode.BADVERS}, 0x8000),
    ],
)
def test_the_header(is_rd: bool, opt: bytes, fields: dict[str, Any], flags: int) -> None:
    packet = fitted(b"ab", is_rd, QUESTION, Draft(**fields), opt, 512)
    assert packet[:2] == b"ab"
    assert int.from_bytes(packet[2:4]) == flags
    assert packet[4:12] == bytes((0, 1, 0, 0, 0, 0, 0, 1 if opt else 0))
    assert packet[12:] == QUESTION + opt
