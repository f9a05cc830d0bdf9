import pytest
from upstreams import AAAA, PTR, A, a_question

from dnsd.forward.routes import Routes
from dnsd.forward.special import local_answer
from dnsd.forward.upstream import Upstream
from dnsd.model.message import Rcode, RRType
from dnsd.model.names import ROOT, name_from_text

UPSTREAM = Upstream("192.0.2.1")
ROUTES = Routes({ROOT: [UPSTREAM]})


@pytest.mark.parametrize(
    "name",
    [
        *("a.invalid", "x.onion", "deep.down.onion", "printer.local", "a.test", "host.home.arpa", "x.alt"),
        *("1.0.0.10.in-addr.arpa", "5.31.172.in-addr.arpa", "1.1.168.192.in-addr.arpa", "1.2.0.192.in-addr.arpa"),
        *("9.100.51.198.in-addr.arpa", "1.113.0.203.in-addr.arpa", "1.1.254.169.in-addr.arpa", "0.0.0.0.in-addr.arpa"),
        *("255.255.255.255.in-addr.arpa", "1.64.100.in-addr.arpa", "2.0.0.127.in-addr.arpa", "1.d.f.ip6.arpa"),
        *("1.8.e.f.ip6.arpa", "1.b.e.f.ip6.arpa", "1.8.b.d.0.1.0.0.2.ip6.arpa"),
    ],
)
def test_special_names_are_denied_at_once_with_a_soa(name):
    resolved = local_answer(a_question(name), ROUTES)
    assert resolved is not None
    assert resolved.rcode == (Rcode.NOERROR if name == "255.255.255.255.in-addr.arpa" else Rcode.NXDOMAIN)
    assert [record.rtype for record in resolved.authority] == [RRType.SOA]
    assert name_from_text(name).endswith(resolved.authority[0].owner)


@pytest.mark.parametrize(
    "name",
    [
        *("www.example.com", "invalid.example.com", "notonion", "local.example", "1.1.1.1.in-addr.arpa"),
        *("1.32.172.in-addr.arpa", "1.128.100.in-addr.arpa", "ipv4only.arpa", "8.8.8.8.in-addr.arpa", "internal"),
    ],
)
def test_other_names_may_be_asked(name):
    assert local_answer(a_question(name), ROUTES) is None


@pytest.mark.parametrize("name", ["localhost", "a.b.localhost"])
def test_localhost_is_the_loopback_address(name):
    found = [local_answer(a_question(name, key), ROUTES) for key in (A, AAAA, PTR)]
    assert [resolved.answers[0].rdata for resolved in found[:2]] == [b"\x7f\0\0\1", bytes(15) + b"\1"]
    assert (found[2].rcode, found[2].answers) == (Rcode.NOERROR, ())


@pytest.mark.parametrize("name", ["1.0.0.127.in-addr.arpa", ".".join(["1", *"0" * 31, "ip6", "arpa"])])
def test_loopback_addresses_are_called_localhost(name):
    resolved = local_answer(a_question(name, PTR), ROUTES)
    assert resolved.answers[0].rdata == name_from_text("localhost")


def test_a_private_range_is_asked_for_only_where_an_upstream_is_named_for_it():
    named = Routes({ROOT: [UPSTREAM], name_from_text("10.in-addr.arpa"): [UPSTREAM]})
    assert local_answer(a_question("1.0.0.10.in-addr.arpa", PTR), named) is None
    assert local_answer(a_question("1.0.16.172.in-addr.arpa", PTR), named).rcode == Rcode.NXDOMAIN
    named = Routes({name_from_text("home.arpa"): [UPSTREAM], name_from_text("onion"): [UPSTREAM]})
    assert local_answer(a_question("a.home.arpa"), named) is None
    assert local_answer(a_question("a.onion"), named).rcode == Rcode.NXDOMAIN
