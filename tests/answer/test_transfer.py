"""Zone transfers, drawn message by message, read by dnspython."""

import struct
from ipaddress import ip_network

import dns.message
import dns.query
import dns.rdatatype
import dns.xfr
import dns.zone
import pytest

from dnsd.answer.allowed import Allowed
from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.answer.transfer import MESSAGE_OCTETS
from dnsd.authority.catalog import Catalog
from dnsd.authority.journal import Journal
from dnsd.codec.zonefile import read_zone
from dnsd.model.change import Change, Removal
from dnsd.model.message import Transfer
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service

PEER = b"\x7f\0\0\1"
ZONE = name_from_text("cluster.local")
NOERROR, SERVFAIL, REFUSED, NOTAUTH = 0, 2, 5, 9
STATIC = """
$TTL 60
@      SOA ns h 7 1 1 1 1
@      NS  ns
ns     A   192.0.2.1
sub    NS  ns.sub
sub    NS  ns
ns.sub A   192.0.2.3
b      NS  ns.sub
"""


def endpoint(number: int) -> Endpoint:
    return Endpoint("default", "web", f"web-{number}", (f"10.0.0.{number}",), (Port("http", "TCP", 80),))


@pytest.fixture
def catalog() -> Catalog:
    made = Catalog([ZONE], ["10.0.0.0/8"], ["192.0.2.1"])
    made.table.journal = Journal()
    made.set_static([read_zone(STATIC, "example.org.zone", name_from_text("example.org")).data])
    made.load([Service("default", "web", declared=False)], [endpoint(1)], 10)
    return made


@pytest.fixture
def terms() -> Terms:
    made = Terms(is_tcp=True)
    made.transfer_to = Allowed((ip_network("127.0.0.0/8"),))
    return made


def ask(catalog, terms, name="cluster.local", rtype="AXFR", serial=None, **options):
    query = dns.message.make_query(name, rtype, **options)
    if serial is not None:
        soa = f"{name}. 0 IN SOA . . {serial} 0 0 0 0"
        query.authority.append(dns.rrset.from_text(*soa.split(" ", 4)[:4], soa.split(" ", 4)[4]))
    return query, respond(query.to_wire(), PEER, 0, catalog.table, terms)


def rcode(outcome) -> int:
    return outcome[0][3] & 15


def received(zone: dns.zone.Zone, query, outcome, serial=None) -> None:
    """Takes the transfer into ``zone``, as a secondary of dnspython would."""
    assert isinstance(outcome, Transfer)
    with dns.xfr.Inbound(zone, query.question[0].rdtype, serial) as inbound:
        done = False
        for octets in outcome.messages:
            assert not done
            if octets:
                done = inbound.process_message(dns.message.from_wire(octets, xfr=True, one_rr_per_rrset=True))
    assert done


def content(zone: dns.zone.Zone) -> set[tuple[str, str]]:
    return {(str(name), f"{ttl} {rdata.rdtype} {rdata}") for name, ttl, rdata in zone.iterate_rdatas()}


def whole(catalog, terms, name="cluster.local") -> dns.zone.Zone:
    zone = dns.zone.Zone(name, relativize=False)
    received(zone, *ask(catalog, terms, name))
    return zone


def test_a_whole_zone(catalog, terms):
    zone = whole(catalog, terms)
    assert zone.get_rdataset("web-1.web.default.svc.cluster.local.", "A")[0].address == "10.0.0.1"
    assert zone.get_soa().serial == 10
    assert len(whole(catalog, terms, "10.in-addr.arpa").nodes) == 2


def test_a_static_zone_with_its_glue_each_once(catalog, terms):
    _, outcome = ask(catalog, terms, "example.org")
    records = [
        f"{rrset.name} {rrset.rdtype} {rdata}"
        for octets in outcome.messages
        for rrset in dns.message.from_wire(octets, one_rr_per_rrset=True).answer
        for rdata in rrset
    ]
    soa = [each for each in records if each.split()[1] == "6"]
    assert len(soa) == 2
    assert sorted(each for each in records if each.split()[1] == "1") == [
        "ns.example.org. 1 192.0.2.1", "ns.sub.example.org. 1 192.0.2.3",
    ]  # fmt: skip


def test_many_messages_with_one_question_and_one_opt_and_a_snapshot(catalog, terms):
    catalog.apply(Change(11, tuple(endpoint(number) for number in range(2, 250))))
    before = content(whole(catalog, terms))
    query, outcome = ask(catalog, terms, use_edns=0, payload=1232)
    first = next(outcome.messages)
    catalog.apply(Change(12, (), tuple(Removal(endpoint(number).key, "deleted") for number in range(2, 250))))
    octets = [first, *(message for message in outcome.messages if message)]
    assert len(octets) > 3
    assert all(len(each) < MESSAGE_OCTETS + 400 for each in octets)
    counts = [struct.unpack(">HHHH", each[4:12]) for each in octets]
    assert [(each[0], each[3]) for each in counts] == [(1, 1), *[(0, 0)] * (len(octets) - 1)]
    zone = dns.zone.Zone("cluster.local", relativize=False)
    received(zone, query, Transfer(iter(octets), b"", bytes))
    assert content(zone) == before


def test_what_changed(catalog, terms):
    zone = whole(catalog, terms)
    for revision in range(11, 15):
        catalog.apply(Change(revision, (endpoint(revision),)))
    catalog.apply(Change(15, (), (Removal(endpoint(1).key, "expired"),)))
    query, outcome = ask(catalog, terms, rtype="IXFR", serial=10)
    assert isinstance(outcome, Transfer)
    messages = list(outcome.messages)
    records = sum(int.from_bytes(message[6:8]) for message in messages)
    assert records == 4 + 4 * 4 + 3 + 1  # four SOA; A twice and SRV twice of each that came, and of the one that went
    received(zone, query, Transfer(iter(messages), b"", bytes), 10)
    assert content(zone) == content(whole(catalog, terms))
    assert zone.get_soa().serial == 15


def test_a_change_elsewhere_changes_the_serial_alone(catalog, terms):
    zone = whole(catalog, terms, "example.org")
    reverse = whole(catalog, terms, "10.in-addr.arpa")
    catalog.apply(Change(11, (Service("default", "idle"),)))
    query, outcome = ask(catalog, terms, "10.in-addr.arpa", "IXFR", 10)
    received(reverse, query, outcome, 10)
    assert (reverse.get_soa().serial, zone.get_soa().serial) == (11, 7)


def test_without_the_past_the_whole_zone_comes(catalog, terms):
    zone = dns.zone.Zone("cluster.local", relativize=False)
    query, outcome = ask(catalog, terms, rtype="IXFR", serial=3)
    received(zone, query, outcome, 3)
    assert content(zone) == content(whole(catalog, terms))


@pytest.mark.parametrize("serial", [10, 11, 10 + (1 << 31) - 1])
def test_whoever_is_up_to_date_gets_the_single_soa(catalog, terms, serial):
    _, outcome = ask(catalog, terms, rtype="IXFR", serial=serial)
    message = dns.message.from_wire(outcome[0])
    assert (message.rcode(), [rrset.rdtype for rrset in message.answer]) == (NOERROR, [dns.rdatatype.SOA])


def test_over_udp_there_is_the_single_soa_and_no_axfr(catalog, terms):
    """RFC 1995 2: the client turns to TCP then; RFC 5936 4.2: AXFR over UDP is not defined."""
    terms.is_tcp = False
    _, outcome = ask(catalog, terms, rtype="IXFR", serial=3)
    message = dns.message.from_wire(outcome[0])
    assert [rrset.rdtype for rrset in message.answer] == [dns.rdatatype.SOA]
    assert not message.flags & dns.flags.TC
    assert rcode(ask(catalog, terms)[1]) == REFUSED


def test_who_gets_nothing(catalog, terms):
    assert rcode(ask(catalog, terms, "web.default.svc.cluster.local")[1]) == NOTAUTH
    assert rcode(ask(catalog, terms, "example.com")[1]) == NOTAUTH
    assert ask(catalog, terms, rtype="IXFR")[1][0][3] & 15 == 1  # it does not say what it has
    _, outcome = ask(catalog, terms)
    assert outcome.busy()[3] & 15 == SERVFAIL
    terms.transfer_to = Allowed((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
    _, outcome = ask(catalog, terms, use_edns=0)
    assert rcode(outcome) == REFUSED
    assert dns.message.from_wire(outcome[0]).options[0].code == 18  # prohibited
    terms.transfer_to = Allowed()
    assert rcode(ask(catalog, terms)[1]) == REFUSED


def test_nodes_of_other_zones_leave_breaths(catalog, terms, monkeypatch):
    monkeypatch.setattr("dnsd.answer.transfer.NODES_A_BREATH", 2)
    _, outcome = ask(catalog, terms, "10.in-addr.arpa")
    assert list(outcome.messages).count(b"") > 3
