"""Names of one label, for clients whose network belongs to a namespace."""

from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import pytest

from dnsd.answer.complete import respond_completely
from dnsd.answer.respond import respond
from dnsd.answer.short import ShortNames
from dnsd.answer.terms import Terms
from dnsd.model.names import name_from_text, name_to_text

ZONE = name_from_text("cluster.local")
TABLE = [("10.0.0.0/8", "default"), ("10.7.0.0/16", "team-a"), ("2001:db8::/32", "default")]
INSIDE, OUTSIDE = "10.0.0.9", "192.0.2.9"


@pytest.fixture
def told(table, query, summary):
    """What a client is told, in a line."""

    def ask(name: str, rtype: str = "A", peer: str = INSIDE, **options: object) -> str:
        terms = Terms()
        terms.short_names = ShortNames(ZONE, TABLE)
        packet, octets = query(name, rtype, **options), ip_address(peer).packed
        reply, _ = respond(packet, octets, 0, table, terms)
        assert respond_completely(packet, octets, 0, table, terms)[0] == reply
        return summary(dns.message.from_wire(reply))

    return ask


def targets(peer: str, name: str = "redis", rtype: bytes = b"\0\1\0\1") -> str | None:
    target = ShortNames(ZONE, TABLE).target(name_from_text(name), rtype, ip_address(peer).packed)
    return None if target is None else name_to_text(target)


def test_the_namespace_is_that_of_the_clients_longest_prefix():
    assert targets("10.1.2.3") == "redis.default.svc.cluster.local."
    assert targets("10.7.2.3") == "redis.team-a.svc.cluster.local."
    assert targets("::ffff:10.7.2.3") == "redis.team-a.svc.cluster.local."
    assert targets("2001:db8::1") == "redis.default.svc.cluster.local."
    assert targets("192.0.2.1") is None


@pytest.mark.parametrize("name", [".", "redis.default", "a.b", "localhost", "local", "arpa", "onion", "_x", r"re\000"])
def test_other_names_are_not_short(name):
    assert targets(INSIDE, name) is None


@pytest.mark.parametrize("rtype", [2, 6, 43, 48])
def test_what_is_asked_of_top_level_domains_is_not_asked_of_services(rtype):
    assert targets(INSIDE, "com", rtype.to_bytes(2) + b"\0\1") is None


def test_the_cname_stands_before_what_it_leads_to(table, query):
    terms = Terms()
    terms.short_names = ShortNames(ZONE, TABLE)
    reply, key = respond(query("Web", "A"), ip_address(INSIDE).packed, 0, table, terms)
    message = dns.message.from_wire(reply)
    alias, *addresses = [rrset.to_text() for rrset in message.answer]
    assert alias == "Web. 5 IN CNAME web.default.svc.cluster.local."
    assert sorted(" ".join(addresses).split("\n")) == [
        f"web.default.svc.cluster.local. 5 IN A 10.0.0.{number}" for number in (1, 2, 3)
    ]
    assert message.rcode() == dns.rcode.NOERROR
    assert message.flags & dns.flags.AA
    assert key == b"\0\1\0\1"


def test_srv_comes_with_the_addresses_of_its_targets(told):
    assert "web-1.web.default.svc.cluster.local" in told("web", "SRV")


def test_an_alias_may_lead_on(told):
    answer = told("ext", "A")
    assert "ext.default.svc.cluster.local" in answer
    assert "192.0.2.80" in answer


def test_no_ipv6_address_is_no_data_and_no_such_service_no_name(told):
    # RFC 6604 3: the response code is that of the last name of the chain.
    assert told("web", "AAAA").startswith("NOERROR")
    assert "CNAME" in told("web", "AAAA")
    assert "SOA" in told("web", "AAAA")
    assert told("nobody").startswith("NXDOMAIN")
    assert "CNAME" in told("nobody")
    assert "SOA" in told("nobody")


def test_who_asks_for_the_cname_has_it_alone(told):
    assert "10.0.0" not in told("web", "CNAME")
    assert "CNAME" in told("web", "CNAME")


def test_a_service_that_must_not_be_answered_is_not(told):
    assert told("down").startswith("SERVFAIL")


@pytest.mark.parametrize(("name", "rtype"), [("web", "A"), ("web", "AAAA"), ("nobody", "A")])
def test_for_all_others_the_name_is_nobodys(told, name, rtype):
    assert told(name, rtype, peer=OUTSIDE).startswith("REFUSED")


def test_a_long_set_is_cut_with_its_cname(told):
    cut = told("many", use_edns=False)
    assert "TC" in cut
    assert "CNAME" in cut
