"""One packet in, one outcome out: the fast way and the complete way say the same, octet for octet."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from dnsd.answer.complete import respond_completely
from dnsd.answer.cookies import server_cookie
from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.table import Table

MakeQuery = Callable[..., bytes]
Ask = Callable[..., dns.message.Message]
PEER, SECRET, NOW = b"\x7f\0\0\1", b"0123456789abcdef", 1_700_000_000
CLIENT = b"clientck"
NAMES = [
    *("cluster.local", "svc.cluster.local", "dns-version.cluster.local", "ns.dns.cluster.local", "dns.cluster.local"),
    *("default.svc.cluster.local", "web.default.svc.cluster.local", "WEB.Default.svc.CLUSTER.local"),
    *("_http._tcp.web.default.svc.cluster.local", "_tcp.web.default.svc.cluster.local"),
    *("web-1.web.default.svc.cluster.local", "many.default.svc.cluster.local", "empty.default.svc.cluster.local"),
    *("down.default.svc.cluster.local", "x.down.default.svc.cluster.local", "ext.default.svc.cluster.local"),
    *("nobody.default.svc.cluster.local", "*.default.svc.cluster.local", "web.default.svc.cluster.local.cluster.local"),
    *("1.0.0.10.in-addr.arpa", "9.9.9.10.in-addr.arpa", "0.10.in-addr.arpa", "10.in-addr.arpa", "11.in-addr.arpa"),
    *("example.org", "www.example.org", "alias.example.org", "a.old.example.org", "old.example.org"),
    *("sub.example.org", "www.sub.example.org", "bare.example.org", "x.wild.example.org", "*.wild.example.org"),
    *("b.deep.example.org", "x.ent.example.org", "nobody.example.org", "example.com", ".", "local"),
    *(".".join(["x" * 63] * 3) + ".example.org", r"we\000b.default.svc.cluster.local", r"\192.svc.cluster.local"),
]
TYPES = [
    "A",
    "AAAA",
    "SRV",
    "PTR",
    "NS",
    "SOA",
    "CNAME",
    "DNAME",
    "MX",
    "TXT",
    "DS",
    "ANY",
    "AXFR",
    "IXFR",
    "TYPE65280",
]
COOKIES = [dns.edns.GenericOption(10, CLIENT), dns.edns.GenericOption(10, CLIENT + bytes(16))]
WAYS: list[dict[str, Any]] = [
    {},
    {"flags": 0},
    {"flags": dns.flags.RD | dns.flags.AD | dns.flags.CD},
    {"use_edns": 0, "payload": 1232},
    {"use_edns": 0, "payload": 100, "want_dnssec": True},
    {"use_edns": 0, "payload": 4096, "flags": 0},
    {"use_edns": 0, "payload": 512, "options": COOKIES[:1]},
    {"use_edns": 0, "payload": 1232, "options": COOKIES[1:], "want_dnssec": True},
    {"use_edns": 0, "payload": 1232, "options": [dns.edns.GenericOption(3, b""), *COOKIES]},
    {"use_edns": 0, "ednsflags": 0x4000},
]


def terms(**fields: Any) -> Terms:
    made = Terms(**fields)
    made.now = NOW
    return made


TERMS = [terms(), terms(is_tcp=True), terms(payload_most=4096, cookie_secret=SECRET), terms(payload_most=512)]


@pytest.mark.parametrize("way", WAYS)
def test_both_ways_say_the_same(table: Table, query: MakeQuery, way: dict[str, Any]) -> None:
    draw = random.Random(1)
    for name in NAMES:
        for rtype in TYPES:
            packet = query(name, rtype, **way)
            chance = draw.getrandbits(32)
            for each in TERMS:
                asked = (packet, PEER, chance, table, each)
                assert respond(*asked) == respond_completely(*asked), (name, rtype)


@pytest.mark.parametrize("way", WAYS[:4])
def test_both_ways_say_the_same_of_what_is_cut_short_or_followed_by_more(
    table: Table, query: MakeQuery, way: dict[str, Any]
) -> None:
    """The fast way looks at no length: what is no whole question must be no name of the table, nor below one."""
    for name in NAMES:
        whole = query(name, "A", **way)
        more = [whole + behind for behind in (b"\0", b"\0\1\0\1", b"\3web\0\0\1\0\1", whole[12:], whole[-5:])]
        for packet in (*more, *(whole[:end] for end in range(12, len(whole)))):
            asked = (packet, PEER, 1, table, TERMS[0])
            reply = respond(*asked)
            assert reply == respond_completely(*asked), (name, packet)
            assert isinstance(reply, tuple)
            assert reply[0][3] & 15 == dns.rcode.FORMERR, (name, packet)


@pytest.mark.parametrize("rclass", ["CH", "HS", "ANY"])
def test_both_ways_say_the_same_in_other_classes(table: Table, query: MakeQuery, rclass: str) -> None:
    for name in NAMES:
        packet = query(name, "A", rdclass=rclass)
        reply = respond(packet, PEER, 1, table, TERMS[0])
        assert reply == respond_completely(packet, PEER, 1, table, TERMS[0])
        assert isinstance(reply, tuple)
        assert reply[0][3] & 15 == dns.rcode.REFUSED


def test_both_ways_say_the_same_before_the_first_load(query: MakeQuery) -> None:
    for name in NAMES:
        for way in WAYS:
            asked = (query(name, "A", **way), PEER, 1, Table(), TERMS[2])
            reply = respond(*asked)
            assert reply == respond_completely(*asked)
            assert isinstance(reply, tuple)
            message = dns.message.from_wire(reply[0])
            assert message.rcode() == dns.rcode.SERVFAIL
            assert not message.flags & dns.flags.AA
            errors = [each.code for each in message.options if each.otype == dns.edns.OptionType.EDE]
            assert errors == ([dns.edns.EDECode.NOT_READY] if "use_edns" in way else [])


def test_the_key_of_a_reply_is_its_questions_type_and_class(table: Table, query: MakeQuery) -> None:
    for name, rtype, key in (
        ("web.default.svc.cluster.local", "A", b"\0\1\0\1"),
        ("x.example.org", "AAAA", b"\0\x1c\0\1"),
    ):
        assert respond(query(name, rtype), PEER, 0, table, TERMS[0])[1] == key  # type: ignore[index]
        assert respond(query(name, rtype, rdclass="CH"), PEER, 0, table, TERMS[0])[1] == key[:2] + b"\0\3"  # type: ignore[index]
    assert respond(bytes(12), PEER, 0, table, TERMS[0])[1] == b""  # type: ignore[index]


def test_a_reply_has_an_opt_if_and_only_if_the_query_had(table: Table, query: MakeQuery) -> None:
    for way in WAYS:
        for name in NAMES:
            packet = query(name, **way)
            reply = respond(packet, PEER, 0, table, TERMS[2])[0]  # type: ignore[index]
            message = dns.message.from_wire(reply)
            assert (message.edns == 0) == ("use_edns" in way)
            assert message.payload == (4096 if "use_edns" in way else 0)
            assert bool(message.ednsflags & dns.flags.DO) == bool(way.get("want_dnssec"))


def test_a_cookie_is_given_for_a_cookie(ask: Ask, query: MakeQuery) -> None:
    # RFC 7873 5.2.3, on the fast way and on the complete one.
    for name in ("web.default.svc.cluster.local", "alias.example.org"):
        message = ask(query(name, use_edns=0, options=COOKIES[:1]), TERMS[2])
        (cookie,) = message.options
        assert cookie.to_wire() == CLIENT + server_cookie(CLIENT, PEER, NOW, SECRET)
        assert ask(query(name, use_edns=0, options=COOKIES[:1]), TERMS[0]).options == ()


@pytest.mark.parametrize(("payload", "is_cut"), [(0, True), (512, True), (1232, True), (4096, False)])
def test_size_is_decided_by_the_question(ask: Ask, query: MakeQuery, payload: int, is_cut: bool) -> None:
    way = {"use_edns": 0, "payload": payload} if payload else {}
    packet = query("many.default.svc.cluster.local", **way)
    message = ask(packet, terms(payload_most=4096))
    assert bool(message.flags & dns.flags.TC) is is_cut
    room = max(payload, 512) - len(packet)
    assert len(message.answer[0]) == min(100, room // 16)


@pytest.mark.parametrize(("rtype", "name"), [("A", "web"), ("SRV", "web"), ("SRV", "_http._tcp.web")])
def test_one_registered_weight_counts_in_addresses_and_in_srv(
    table: Table, query: MakeQuery, rtype: str, name: str
) -> None:
    # web-1, web-2 and web-3 have the weights 1, 2 and 3: of six draws each stands first as often.
    packet = query(f"{name}.default.svc.cluster.local", rtype)
    firsts: Counter[str] = Counter()
    for chance in range(6):
        reply = respond(packet, PEER, chance, table, TERMS[0])[0]  # type: ignore[index]
        first = dns.message.from_wire(reply, one_rr_per_rrset=True).answer[0][0]
        firsts[first.to_text().split(".")[-1 if rtype == "A" else 0]] += 1
    assert sorted(firsts.values()) == [1, 2, 3]
    assert max(firsts, key=firsts.__getitem__).endswith("3")
