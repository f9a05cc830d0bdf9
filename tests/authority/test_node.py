"""Nodes carry ready bytes, and travel as plain values."""

import marshal

import dns.message
import pytest

from dnsd.authority.node import (
    AA,
    COUNT_MOST,
    OWNER_POINTER,
    QR,
    Answer,
    Kind,
    Node,
    empty_node,
    heads,
    question_key,
    record_octets,
    records_of,
    rotation,
)
from dnsd.authority.zone import Zone
from dnsd.model.message import Rcode, RRClass

RECORDS = [record_octets(OWNER_POINTER, 1, 5, bytes((10, 0, 0, each))) for each in (1, 2)]
SECTION = b"".join(RECORDS)


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
    assert list(records_of(SECTION)) == RECORDS
    assert list(records_of(b"")) == []


def test_a_node_travels_as_plain_values(zone: Zone) -> None:
    turn = rotation((0, len(RECORDS[0])), len(SECTION), (100, 200))
    answer = Answer(2, SECTION, (turn,), b"glue", 1, 99)
    node = Node(zone, {question_key(1): answer}, Kind.SERVFAIL)
    origin, kind, answers = marshal.loads(marshal.dumps(node.pack()))
    assert (origin, kind) == (zone.origin, Kind.SERVFAIL)
    ((key, packed),) = answers
    again = Answer.unpack(packed)
    assert key == question_key(1)
    assert again.pack() == answer.pack()
    assert again.heads == answer.heads == heads(2, 0, 1)
    assert again.rotations == (turn,)


def test_many_weights_are_kept_by_their_own_answer_alone() -> None:
    starts, cumulative = tuple(range(0, 320, 16)), tuple(range(100, 2100, 100))
    assert rotation(starts, 320, cumulative) is not rotation(starts, 320, cumulative)


def test_a_single_answer_is_asked_like_a_dict_of_one(zone: Zone) -> None:
    key, other, answer = question_key(1), question_key(28), Answer(1, RECORDS[0], (), b"", 0, 99)
    lone = Node(zone, {key: answer}).answers
    assert (dict(lone), len(lone)) == ({key: answer}, 1)
    assert (lone[key], lone.get(key), lone.get(other)) == (answer, answer, None)
    assert (key in lone, other in lone) == (True, False)
    with pytest.raises(KeyError):
        lone[other]


def test_an_empty_node_owns_nothing(zone: Zone) -> None:
    assert empty_node(zone).pack() == (zone.origin, Kind.PLAIN, ())
    assert empty_node(zone, Kind.SERVFAIL).kind == Kind.SERVFAIL


def test_more_records_than_a_header_can_count_are_no_error() -> None:
    # A service of a thousand endpoints with a hundred ports each has 100,000 SRV records at its own name. They fit into
    # no reply, so a cut one is counted anew; compiling them must not fail, or the mirror stands still.
    assert Answer(100_000, SECTION, (), b"", 100_000, 10**7).heads == heads(COUNT_MOST, 0, COUNT_MOST)
