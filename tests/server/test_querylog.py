"""The sampled query log: what a line says, one in so many, never above the rate, nothing that a stranger wrote raw."""

import json
import logging

import pytest

from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.codec.wire import query_packet
from dnsd.model.message import Drop
from dnsd.model.names import name_from_text
from dnsd.runtime.log import JsonLines
from dnsd.server.querylog import LINES_A_SECOND_MOST, QueryLog
from dnsd.server.tally import Tally

PEER = bytes((192, 0, 2, 7))
QUESTION = query_packet(7, name_from_text("Web.default.svc.cluster.local."), 33)
REPLY = (b"\0\7\x84\3" + bytes(40), b"\0\x21\0\1")


def asked(one_in, packets, outcome=REPLY, terms=None):
    """Questions through a log around a respond that always gives ``outcome``; the tally then."""
    tally = Tally("udp")
    respond = QueryLog(one_in, tally).around(lambda *_: outcome)
    for packet in packets:
        assert respond(packet, PEER, 0, Table(), terms or Terms()) is outcome
    return tally


def lines(caplog):
    return [record.getMessage() for record in caplog.records]


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.INFO, "dnsd.queries")


def test_a_line_says_who_asked_what_and_what_was_told(caplog):
    asked(1, [QUESTION])
    assert lines(caplog) == ["udp 192.0.2.7 Web.default.svc.cluster.local. SRV NXDOMAIN 44"]
    told = json.loads(JsonLines().format(caplog.records[0]))
    assert (told["client"], told["name"], told["rcode"], told["octets"]) == (
        "192.0.2.7",
        "Web.default.svc.cluster.local.",
        "NXDOMAIN",
        44,
    )


def test_one_in_so_many_over_all_packets(caplog):
    asked(10, [QUESTION] * 35)
    assert len(lines(caplog)) == 3


def test_above_the_rate_lines_are_counted_instead(caplog):
    tally = asked(1, [QUESTION] * (LINES_A_SECOND_MOST + 5))
    assert len(lines(caplog)) == LINES_A_SECOND_MOST
    assert tally.counts()[("dnsd_dns_unlogged",)] == 5


@pytest.mark.parametrize(
    "packet",
    [b"", b"x", QUESTION[:11], QUESTION[:20], QUESTION[:44], bytes(12) + b"\xc0\x0c\0\1\0\1", bytes(12) + b"\x3f" * 90],
)
def test_what_cannot_be_read_is_a_dash_and_no_fault(caplog, packet):
    asked(1, [packet], Drop("short"))
    assert lines(caplog) == ["udp 192.0.2.7 - - drop 0"]


def test_a_name_with_control_characters_is_escaped(caplog):
    asked(1, [query_packet(1, b"\3a\n\x1b\0", 1)], terms=Terms(is_tcp=True))
    (line,) = lines(caplog)
    assert line.startswith("tcp ")
    assert line.isprintable()
