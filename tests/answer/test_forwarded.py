import dns.flags
import dns.message
import dns.rcode
import pytest

from dnsd.answer.access import Access
from dnsd.answer.forwarded import is_offered, is_ours, offering
from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.model.message import ExtendedError, Forward, Rcode, Record, Resolved, RRType
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Service

HOME, STRANGER = b"\x7f\0\0\1", b"\xcb\0\x71\7"
FAR = name_from_text("www.example.com")
ADDRESS = Record(FAR, RRType.A, 300, bytes((192, 0, 2, 80)))
SOA = Record(name_from_text("example.com"), RRType.SOA, 60, FAR + FAR + bytes(20))


def terms(reverse=(), **options):
    made = Terms(**options)
    made.forwarding = frozenset(map(name_from_text, reverse))
    return made


def outcome_of(table, packet, peer=HOME, of=None):
    return respond(packet, peer, 0, table, terms() if of is None else of)


def finished(table, packet, resolved, of=None):
    outcome = outcome_of(table, packet, of=of)
    assert isinstance(outcome, Forward), outcome
    return dns.message.from_wire(outcome.finish(resolved))


def sections(message):
    return [[line for rrset in section for line in rrset.to_text().split("\n")] for section in message.sections[1:3]]


def test_names_of_others_are_forwarded_as_asked(table, query):
    outcome = outcome_of(table, query("WWW.Example.com", "AAAA", want_dnssec=True, flags=dns.flags.RD | dns.flags.CD))
    assert isinstance(outcome, Forward)
    wanted = outcome.wanted
    assert (wanted.owner, wanted.key, wanted.is_do, wanted.is_cd) == (FAR, b"\0\x1c\0\1", True, True)
    assert outcome.question == b"\0\x1c\0\1"


@pytest.mark.parametrize("name", ["web.default.svc.cluster.local", "nobody.cluster.local", "1.0.0.10.in-addr.arpa"])
def test_names_in_our_zones_never_are(table, query, name):
    assert isinstance(outcome_of(table, query(name, "A")), tuple)
    assert isinstance(outcome_of(table, query(name, "PTR")), tuple)


def rcode_and_reason(table, packet, peer=HOME, of=None):
    message = dns.message.from_wire(outcome_of(table, packet, peer, of)[0])
    return message.rcode(), [option.code for option in message.options]


def test_without_forwarding_without_rd_and_for_meta_types_it_is_refused_as_ever(table, query):
    refused = (dns.rcode.REFUSED, [ExtendedError.NOT_AUTHORITATIVE])
    assert rcode_and_reason(table, query("www.example.com", use_edns=0), of=Terms()) == refused
    assert rcode_and_reason(table, query("www.example.com", use_edns=0, flags=0)) == refused
    assert rcode_and_reason(table, query("www.example.com", "TYPE250", use_edns=0))[0] != dns.rcode.NOERROR
    assert rcode_and_reason(table, query("www.example.com", "OPT", use_edns=0)) == refused


def test_a_stranger_is_told_that_it_is_not_for_him(table, query):
    packet = query("www.example.com", use_edns=0)
    assert rcode_and_reason(table, packet, STRANGER) == (dns.rcode.REFUSED, [ExtendedError.PROHIBITED])
    allowed = terms()
    allowed.access = Access(forward_for=("203.0.113.0/24",))
    assert isinstance(outcome_of(table, packet, STRANGER, allowed), Forward)
    assert rcode_and_reason(table, packet, HOME, allowed)[0] == dns.rcode.REFUSED
    own = outcome_of(table, query("web.default.svc.cluster.local"), STRANGER)
    assert dns.message.from_wire(own[0]).answer


def test_the_reply_is_not_ours_and_has_the_question_as_sent(table, query):
    message = finished(table, query("WwW.example.com"), Resolved(Rcode.NOERROR, (ADDRESS,)))
    assert message.question[0].name.to_text() == "WwW.example.com."
    assert sections(message)[0] == ["WwW.example.com. 300 IN A 192.0.2.80"]
    assert dns.flags.to_text(message.flags) == "QR RD"
    assert message.edns == -1


def test_a_denial_brings_its_soa(table, query):
    message = finished(table, query("www.example.com", use_edns=0), Resolved(Rcode.NXDOMAIN, (), (SOA,)))
    assert (message.rcode(), len(message.authority), message.edns) == (dns.rcode.NXDOMAIN, 1, 0)


def test_what_is_stale_says_so(table, query):
    stale = Resolved(Rcode.NOERROR, (ADDRESS,), reason=ExtendedError.STALE_ANSWER)
    assert [option.code for option in finished(table, query("www.example.com", use_edns=0), stale).options] == [3]


def test_a_chain_is_given_whole_in_order(table, query):
    chain = (Record(FAR, RRType.CNAME, 60, name_from_text("A.example.net")),)
    chain += (Record(name_from_text("a.example.net"), RRType.A, 30, bytes(4)),)
    message = finished(table, query("www.example.com"), Resolved(Rcode.NOERROR, chain))
    assert sections(message)[0] == ["www.example.com. 60 IN CNAME A.example.net.", "A.example.net. 30 IN A 0.0.0.0"]


def test_too_much_is_cut_to_the_clients_size_and_says_so(table, query):
    many = Resolved(Rcode.NOERROR, tuple(Record(FAR, RRType.A, 60, bytes((192, 0, 2, last))) for last in range(100)))
    plain = finished(table, query("www.example.com"), many)
    assert plain.flags & dns.flags.TC
    assert 25 < len(plain.answer[0]) < 31
    assert not finished(table, query("www.example.com"), many, terms(is_tcp=True)).flags & dns.flags.TC


def test_an_alias_of_ours_that_leads_outside_is_completed(table, query):
    packet = query("out.example.org")
    outcome = outcome_of(table, packet)
    assert isinstance(outcome, Forward)
    assert outcome.wanted.owner == FAR
    message = dns.message.from_wire(outcome.finish(Resolved(Rcode.NOERROR, (ADDRESS,))))
    assert sections(message)[0] == [
        "out.example.org. 300 IN CNAME www.example.com.",
        "www.example.com. 300 IN A 192.0.2.80",
    ]
    assert message.flags & dns.flags.AA
    denied = finished(table, packet, Resolved(Rcode.NXDOMAIN, (), (SOA,)))
    assert (denied.rcode(), len(denied.answer)) == (dns.rcode.NXDOMAIN, 1)
    for asked, peer in ((query("out.example.org", "CNAME"), HOME), (packet, STRANGER)):
        assert len(dns.message.from_wire(outcome_of(table, asked, peer)[0]).answer) == 1


def test_what_others_say_of_our_names_is_not_believed(table, query):
    ours = name_from_text("web-1.web.default.svc.cluster.local")
    forged = (Record(FAR, RRType.CNAME, 60, ours), Record(ours, RRType.A, 60, bytes((203, 0, 113, 6))))
    message = finished(table, query("www.example.com"), Resolved(Rcode.NOERROR, forged))
    assert sections(message)[0][1] == "web-1.web.default.svc.cluster.local. 5 IN A 10.0.0.1"
    nobody = (Record(FAR, RRType.CNAME, 60, name_from_text("nobody.cluster.local")),)
    assert finished(table, query("www.example.com"), Resolved(Rcode.NOERROR, nobody)).rcode() == dns.rcode.NXDOMAIN


def test_a_missing_address_of_a_range_of_ours_is_asked_for_where_an_upstream_is_named_for_it(query):
    catalog = Catalog(
        [name_from_text("cluster.local")],
        ["10.0.0.0/8", "192.168.0.0/16"],
        ["192.0.2.53"],
        known_elsewhere=[name_from_text("1.10.in-addr.arpa")],
    )
    catalog.load([Service("default", "web")], [Endpoint("default", "web", "web-1", ("10.1.0.1",))], 1)
    of = terms(["1.10.in-addr.arpa"])
    asked = {
        address: isinstance(outcome_of(catalog.table, query(f"{address}.in-addr.arpa", "PTR"), of=of), Forward)
        for address in ("9.0.1.10", "1.0.1.10", "9.0.2.10", "9.0.168.192")
    }
    assert asked == {"9.0.1.10": True, "1.0.1.10": False, "9.0.2.10": False, "9.0.168.192": False}


def test_ra_is_offered_to_those_only_for_whom_we_forward(table):
    assert [is_offered(peer, terms()) for peer in (HOME, STRANGER)] == [True, False]
    assert not is_offered(HOME, Terms())
    assert offering(bytes(12)) == bytes((0, 0, 0, 0x80)) + bytes(8)
    assert is_ours(table.nodes, name_from_text("any.thing.cluster.local"))
    assert not is_ours(table.nodes, FAR)
