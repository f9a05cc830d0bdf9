"""Ends of questions, heads of replies, and sections as a row of records."""

import dns.message
import pytest

from dnsd.authority.octets import AA, OWNER_POINTER, QR, heads, question_key, record_octets, records_of
from dnsd.model.message import Rcode, RRClass

RECORDS = [record_octets(OWNER_POINTER, 1, 5, bytes((10, 0, 0, each))) for each in (1, 2)]


def test_a_key_is_the_end_of_a_question() -> None:
    query = dns.message.make_query("web.", "AAAA").to_wire()
    assert question_key(28) == query[-4:]
    assert question_key(16, RRClass.CH) == b"\0\x10\0\3"


@pytest.mark.parametrize(("index", "is_rd", "opts"), [(0, False, 0), (1, True, 0), (2, False, 1), (3, True, 1)])
def test_a_reply_has_a_head_for_each_kind_of_query(index: int, is_rd: bool, opts: int) -> None:
    head = heads(2, 0, 3, Rcode.NXDOMAIN)[index]
    flags = QR | AA | (0x0100 if is_rd else 0) | Rcode.NXDOMAIN
    assert head == b"".join(number.to_bytes(2) for number in (flags, 1, 2, 0, 3 + opts))


def test_a_section_falls_into_its_records() -> None:
    assert list(records_of(b"".join(RECORDS))) == RECORDS
    assert list(records_of(b"")) == []
