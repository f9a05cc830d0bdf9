"""Who may ask, and for whom an upstream is asked."""

from ipaddress import ip_address

import dns.message
import dns.rcode
import pytest

from dnsd.answer.access import CLOSE_BY, EVERYBODY, Access
from dnsd.answer.respond import respond, respond_to_some
from dnsd.answer.terms import Terms

CLOSE = [
    "127.0.0.1",
    "127.255.0.9",
    "10.9.8.7",
    "172.31.0.1",
    "192.168.1.1",
    "169.254.3.4",
    "::1",
    "fd12::1",
    "fe80::1",
]
FAR = ["8.8.8.8", "172.32.0.1", "192.169.0.1", "100.64.0.1", "128.0.0.1", "2001:db8::1", "::2", "fec0::1", "0.0.0.0"]


def octets(text: str) -> bytes:
    return ip_address(text).packed


@pytest.mark.parametrize("address", [*CLOSE, *FAR])
def test_by_default_everybody_asks_and_those_close_by_have_things_forwarded(address):
    assert EVERYBODY.is_open
    assert EVERYBODY.may_ask(octets(address))
    assert EVERYBODY.may_forward(octets(address)) == (address in CLOSE)


@pytest.mark.parametrize("address", [text for text in CLOSE + FAR if "." in text])
def test_a_mapped_address_has_the_rights_of_the_one_that_it_maps(address):
    access = Access(["10.0.0.0/8"])
    mapped = octets(f"::ffff:{address}")
    assert access.may_forward(mapped) == (address in CLOSE)
    assert access.may_ask(mapped) == (address == "10.9.8.7")


def test_whom_no_rule_names_may_not_ask():
    access = Access(["192.0.2.0/24", "!192.0.2.128/25", "192.0.2.200/32", "2001:db8::/32"])
    assert not access.is_open
    asking = ["192.0.2.1", "192.0.2.129", "192.0.2.200", "198.51.100.1", "2001:db8::1", "2001:db9::1", "127.0.0.1"]
    assert [access.may_ask(octets(text)) for text in asking] == [True, False, True, False, True, False, False]


def test_rules_that_only_leave_out_let_all_others_ask():
    access = Access(["!192.0.2.0/24"])
    assert [access.may_ask(octets(text)) for text in ("192.0.2.1", "192.0.3.1", "2001:db8::1")] == [False, True, True]


def test_forwarding_is_for_the_named_alone():
    access = Access(forward_for=["192.0.2.0/24", "!192.0.2.9/32"])
    asking = ["192.0.2.1", "192.0.2.9", "127.0.0.1", "203.0.113.1"]
    assert [access.may_forward(octets(text)) for text in asking] == [True, False, False, False]
    assert not Access(forward_for=["!192.0.2.0/24"]).may_forward(octets("203.0.113.1"))


def test_nobody_from_afar_is_close_by():
    assert not [text for text in CLOSE_BY if ip_address(text.partition("/")[0]).is_global]


@pytest.mark.parametrize(
    ("name", "rtype", "rdclass"),
    [("web.default.svc.cluster.local", "A", "IN"), ("nobody.cluster.local", "A", "IN"), ("example.com", "A", "IN"),
     ("version.bind", "TXT", "CH"), ("cluster.local", "AXFR", "IN")],
)  # fmt: skip
def test_a_stranger_is_refused_whatever_he_asks_and_told_that_it_is_prohibited(table, name, rtype, rdclass):
    # RFC 8914 4.19, code 18: prohibited.
    terms = Terms(version="dnsd")
    terms.access = Access(["192.0.2.0/24"])
    packet = dns.message.make_query(name, rtype, rdclass, use_edns=0).to_wire()
    reply, _ = respond_to_some(packet, octets("198.51.100.1"), 0, table, terms)
    message = dns.message.from_wire(reply)
    assert (message.rcode(), message.answer, message.authority) == (dns.rcode.REFUSED, [], [])
    assert [option.code for option in message.options] == [18]


def test_who_may_ask_is_answered_as_ever(table, query):
    terms = Terms()
    terms.access = Access(["192.0.2.0/24"])
    packet = query("web.default.svc.cluster.local", "A")
    allowed = respond_to_some(packet, octets("192.0.2.1"), 7, table, terms)
    assert allowed == respond(packet, octets("198.51.100.1"), 7, table, Terms())
    assert allowed != respond_to_some(packet, octets("198.51.100.1"), 7, table, terms)
