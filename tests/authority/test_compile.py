"""RRsets become octets that any parser reads back as the same records."""

from collections.abc import Iterable, Sequence

import dns.message
import dns.name
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority.compile import compile_cut, compile_node, compile_rrset, pointed
from dnsd.authority.form import Answer, Kind
from dnsd.authority.node import REFERRAL
from dnsd.authority.octets import OWNER_POINTER, heads, question_key, record_octets
from dnsd.authority.zone import Zone
from dnsd.model import rdata
from dnsd.model.message import RRType
from dnsd.model.names import Name, child, name_from_text
from dnsd.model.rrset import Record, RRset

WEB = name_from_text("web.default.svc.cluster.local")
LABEL = st.sampled_from([b"a", b"b", b"web", b"x" * 20])
NAME = st.lists(LABEL, max_size=6).map(lambda labels: b"".join(bytes((len(x),)) + x for x in labels) + b"\0")


def nothing(_: Name) -> Iterable[RRset]:
    return ()


def parsed(owner: Name, answer: Answer, rtype: int = 1) -> dns.message.Message:
    head = heads(answer.count, 0, answer.additional_count)[0]
    packet = bytes(2) + head + owner + question_key(rtype) + answer.section + answer.additional
    return dns.message.from_wire(packet)


def lines(section: Sequence[dns.rrset.RRset]) -> list[str]:
    return sorted(line for rrset in section for line in rrset.to_text().splitlines())


@given(NAME, NAME)
def test_a_pointed_name_reads_as_the_name(target: Name, owner: Name) -> None:
    short = pointed(target, owner)
    packet = bytes(12) + owner + b"\0\1\0\1" + short
    read, used = dns.name.from_wire(packet, 12 + len(owner) + 4)
    assert read.to_wire() == target
    assert used == len(short) <= len(target)


@pytest.mark.parametrize(
    ("target", "short"),
    [
        (WEB, b"\xc0\x0c"),
        (child("web-1", WEB), b"\5web-1\xc0\x0c"),
        (name_from_text("default.svc.cluster.local"), b"\xc0\x10"),
        (name_from_text("a.local"), b"\1a" + bytes((0xC0, 12 + len(WEB) - 7))),
        (name_from_text("example.org"), name_from_text("example.org")),
        (b"\0", b"\0"),
    ],
)
def test_what_is_shared_becomes_a_pointer(target: Name, short: bytes) -> None:
    assert pointed(target, WEB) == short


def test_an_rrset_is_a_section() -> None:
    answer = compile_rrset(RRset(WEB, 1, 5, (Record(b"\n\0\0\1"), Record(b"\n\0\0\2"))), nothing)
    assert lines(parsed(WEB, answer).answer) == [
        "web.default.svc.cluster.local. 5 IN A 10.0.0.1",
        "web.default.svc.cluster.local. 5 IN A 10.0.0.2",
    ]


def test_one_record_has_no_order() -> None:
    assert compile_rrset(RRset(WEB, 1, 5, (Record(b"\n\0\0\1"),)), nothing).rotations == ()


def test_each_priority_has_its_own_order() -> None:
    records = [
        Record(bytes((10, 0, 0, 1)), 9, 7),
        Record(bytes((10, 0, 0, 2)), 0, 1),
        Record(bytes((10, 0, 0, 3)), 0, 2),
    ]
    answer = compile_rrset(RRset(WEB, 1, 5, tuple(records)), nothing)
    first, second = answer.rotations
    octets = [record_octets(OWNER_POINTER, 1, 5, record.rdata) for record in records]
    assert (first.cumulative, first.starts, first.end) == ((1, 3), (0, 16), 32)
    assert (second.cumulative, second.starts, second.end) == ((7,), (32,), 48)
    assert answer.section == octets[1] + octets[2] + octets[0]


def test_addresses_of_targets_go_along_once() -> None:
    host, far = child("web-1", WEB), name_from_text("far.example.org")
    held = {host: [RRset(host, 1, 5, (Record(b"\n\0\0\1"),)), RRset(host, 16, 5, (Record(b"\1x"),))]}
    data = [rdata.srv(0, 1, port, target) for port, target in ((80, host), (81, host), (80, far))]
    answer = compile_rrset(RRset(WEB, 33, 5, tuple(map(Record, data))), lambda name: held.get(name, ()))
    assert lines(parsed(WEB, answer, 33).additional) == ["web-1.web.default.svc.cluster.local. 5 IN A 10.0.0.1"]


def test_targets_are_found_in_any_case() -> None:
    # RFC 1034 3.1: names are compared without regard to case; a master file's RDATA keeps its own.
    host = name_from_text("www.example.org")
    held = {host: [RRset(host, 1, 5, (Record(b"\n\0\0\1"),))]}
    both = [
        Record(rdata.mx(each, name_from_text(text))) for each, text in ((1, "WWW.Example.org"), (2, "www.example.org"))
    ]
    answer = compile_rrset(RRset(name_from_text("example.org"), 15, 5, tuple(both)), lambda name: held.get(name, ()))
    assert answer.additional_count == 1


def test_a_wildcards_additional_section_points_nowhere() -> None:
    # RFC 4592 2.3.1: the reply's owner is the name asked for, which may be longer than the wildcard's.
    wildcard, host = name_from_text("*.example.org"), name_from_text("mail.example.org")
    held = {host: [RRset(host, 1, 5, (Record(b"\n\0\0\1"),))]}
    answer = compile_rrset(RRset(wildcard, 15, 5, (Record(rdata.mx(1, host)),)), lambda name: held.get(name, ()))
    assert answer.additional.startswith(host)


def test_a_node_of_no_rrsets_is_empty(zone: Zone) -> None:
    node = compile_node(zone, [], nothing, Kind.SERVFAIL)
    assert (node.answers, node.kind, node.zone) == ({}, Kind.SERVFAIL, zone)


def test_a_delegation_holds_its_servers_and_their_ds(zone: Zone) -> None:
    cut, server = name_from_text("sub.example.org"), name_from_text("ns.sub.example.org")
    held = {server: [RRset(server, 28, 5, (Record(bytes(16)),))]}
    sets = [
        RRset(cut, RRType.NS, 300, (Record(server), Record(name_from_text("ns.example.com")))),
        RRset(cut, RRType.DS, 300, (Record(bytes(24)),)),
        RRset(cut, RRType.A, 300, (Record(bytes(4)),)),
    ]
    node = compile_cut(zone, sets, lambda name: held.get(name, ()))
    assert node.kind == Kind.CUT
    assert node.answers.keys() == {REFERRAL, question_key(RRType.DS)}
    referral = node.answers[REFERRAL]
    packet = bytes(2) + heads(0, referral.count, 1)[0] + child("www", cut) + question_key(1)
    message = dns.message.from_wire(packet + referral.section + referral.additional)
    assert lines(message.authority) == [
        "sub.example.org. 300 IN NS ns.example.com.",
        "sub.example.org. 300 IN NS ns.sub.example.org.",
    ]
    assert lines(message.additional) == ["ns.sub.example.org. 5 IN AAAA ::"]
