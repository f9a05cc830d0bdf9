"""The question scanner under hypothesis: any octets are a readable query or MalformedQuery, and read as others do."""

import struct
import time

import dns.message
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dnsd.answer.edns import Edns
from dnsd.answer.scan import Query, read_bare_edns, read_query, soa_serial_in_authority
from dnsd.model.errors import MalformedQuery

ROUNDS = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
SECONDS_AN_OCTET_MOST = 2e-6
labels = st.binary(min_size=1, max_size=63)
names = st.lists(labels, max_size=6).map(lambda found: b"".join(bytes((len(each),)) + each for each in found) + b"\0")
options = st.lists(st.tuples(st.integers(0, 65_535), st.binary(max_size=40)), max_size=3)
short = st.integers(0, 3)


@st.composite
def opts(draw: st.DrawFn) -> bytes:
    content = b"".join(struct.pack(">HH", code, len(each)) + each for code, each in draw(options))
    lie = draw(st.sampled_from((0, 0, 0, 1, -1)))
    head = struct.pack(
        ">HHIH", 41, draw(st.integers(0, 65_535)), draw(st.integers(0, 2**32 - 1)), max(len(content) + lie, 0)
    )
    return draw(st.sampled_from((b"\0", b"\0", b"\0", b"\xc0\x0c", b"\1x\0"))) + head + content


@st.composite
def records(draw: st.DrawFn) -> bytes:
    content = draw(st.binary(max_size=30))
    owner = draw(st.sampled_from((b"\xc0\x0c", b"\0", b"\1a\0", b"\xc0\xff")))
    return owner + struct.pack(">HHIH", draw(st.sampled_from((1, 6, 41, 250, 65_280))), 1, 0, len(content)) + content


@st.composite
def packets(draw: st.DrawFn) -> bytes:
    """What looks like a query, and often is one."""
    tail = [draw(each) for each in draw(st.lists(st.sampled_from((opts(), records())), max_size=3))]
    counts = draw(
        st.sampled_from(((1, 0, 0, len(tail)), (1, 0, 0, len(tail)), (1, 1, 0, 0), (1, 0, 1, 0), (2, 0, 0, 0)))
    )
    flags = draw(st.sampled_from((0x0100, 0x0000, 0x0120, 0x2800, 0x7FFF)))
    question = draw(names) + struct.pack(
        ">HH", draw(st.sampled_from((1, 28, 33, 251, 255))), draw(st.sampled_from((1, 3, 255)))
    )
    return struct.pack(">HHHHHH", draw(st.integers(0, 65_535)), flags, *counts) + question + b"".join(tail)


def read(packet: bytes) -> list[object]:
    """What each reader makes of a packet: a value, or its complaint. Any other exception is the test's end."""
    found: list[object] = []
    for way in (read_query, read_bare_edns, soa_serial_in_authority):
        try:
            found.append(way(packet))
        except MalformedQuery as fault:
            found.append(str(fault))
    return found


@ROUNDS
@given(st.binary(min_size=12, max_size=600))
def test_any_octets(packet: bytes) -> None:
    query, edns, serial = read(packet)
    assert isinstance(query, Query | str)
    assert isinstance(edns, Edns | str | None)
    assert isinstance(serial, int | str)


@ROUNDS
@given(packets())
def test_what_looks_like_a_query_reads_as_dnspython_reads_it(packet: bytes) -> None:
    read(packet)
    try:
        query = read_query(packet)
    except MalformedQuery:
        return
    assert packet[12 : 12 + len(query.owner)].lower() == query.owner
    assume(not query.tsig_at and packet[2] >> 3 & 15 == 0)
    theirs = dns.message.from_wire(packet, ignore_trailing=False, continue_on_error=True)
    (asked,) = theirs.question
    assert (asked.name.to_wire().lower(), int(asked.rdtype), int(asked.rdclass)) == (
        query.owner,
        query.qtype,
        query.qclass,
    )
    if query.edns is not None:
        assert (theirs.edns, theirs.payload) == (query.edns.version, query.edns.payload)
        assert bool(theirs.ednsflags & 0x8000) == query.edns.is_do


@ROUNDS
@given(packets(), st.floats(0, 0.999))
def test_a_query_cut_short_is_none(packet: bytes, share: float) -> None:
    cut = 12 + int(share * (len(packet) - 12))
    try:
        read_query(packet)
    except MalformedQuery:
        return
    with pytest.raises(MalformedQuery):
        read_query(packet[:cut])


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.binary(min_size=1, max_size=64), st.integers(0, 65_535), st.integers(0, 65_535))
def test_reading_is_linear(piece: bytes, questions: int, additionals: int) -> None:
    body = piece * (65_523 // len(piece))
    packet = struct.pack(">HHHHHH", 1, 0, questions and 1, 0, 0, additionals) + body
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        read(packet)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < SECONDS_AN_OCTET_MOST * len(packet)
