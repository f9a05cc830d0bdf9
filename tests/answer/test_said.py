"""Extended errors (RFC 8914) that tell the person who asks why: only with EDNS, never in the place of a record."""

import dns.edns
import dns.message
import pytest

from dnsd.answer.complete import respond_completely
from dnsd.answer.respond import respond
from dnsd.answer.said import TEXT_OCTETS_MOST
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service, ServicePort

PEER = b"\x7f\0\0\1"


def endpoint(service: str, number: int, **more) -> Endpoint:
    ports = (Port("http", "TCP", 80), Port("metrics", "TCP", 90), Port("dns", "UDP", 53))
    return Endpoint("default", service, f"{service}-{number}", (f"10.0.{len(service)}.{number}",), ports, **more)


@pytest.fixture(scope="module")
def table():
    catalog = Catalog([name_from_text("cluster.local")], ["10.0.0.0/8"], ["192.0.2.1"])
    services = [
        Service("default", "web"),
        Service("default", "half"),
        Service("default", "idle", ports=(ServicePort("http", "TCP", 80),)),
        Service("default", "absent", when_empty="nxdomain"),
        Service("default", "broken", when_empty="servfail"),
    ]
    endpoints = [endpoint("web", 1), endpoint("half", 1), endpoint("half", 2, ready=False)]
    endpoints += [endpoint("half", 3, ready=False)]
    catalog.load(services, endpoints, 7)
    return catalog.table


def errors(octets: bytes) -> list[tuple[int, str]]:
    options = dns.message.from_wire(octets).options
    return [(int(each.code), each.text or "") for each in options if isinstance(each, dns.edns.EDEOption)]


HALF = "2 of 3 endpoints left out: not ready"
EMPTY = "service has no endpoints"
PORTS = "http, metrics, dns/udp"


@pytest.mark.parametrize("way", [respond, respond_completely])
@pytest.mark.parametrize(
    ("name", "rtype", "text"),
    [
        ("web", "A", None),
        ("web", "AAAA", None),
        ("nobody", "A", None),
        ("half", "A", HALF),
        ("HALF", "SRV", HALF),
        ("half", "AAAA", HALF),
        ("_http._tcp.half", "SRV", HALF),
        ("_dns._udp.HALF", "SRV", HALF),
        ("_http._tcp.half", "A", HALF),
        ("_http._tcp.web", "SRV", None),
        ("half-2.half", "A", HALF),
        ("half-1.half", "A", None),
        ("idle", "A", EMPTY),
        ("_http._tcp.idle", "SRV", EMPTY),
        ("absent", "A", EMPTY),
        ("_http._tcp.absent", "SRV", EMPTY),
        ("broken", "A", EMPTY),
        ("_grpc._tcp.web", "SRV", f"no port named grpc; there are: {PORTS}"),
        ("_http._udp.web", "SRV", f"no port named http/udp; there are: {PORTS}"),
        ("_gr\\000pc._tcp.web", "SRV", f"there are ports: {PORTS}"),
        ("_http._icmp.web", "SRV", None),
        ("_grpc._tcp.nobody", "SRV", None),
    ],
)
def test_the_text(table, way, name, rtype, text):
    for flags in ({"payload": 1232}, {"want_dnssec": True}, {"options": [dns.edns.CookieOption(b"12345678", b"")]}):
        query = dns.message.make_query(f"{name}.default.svc.cluster.local", rtype, use_edns=0, **flags)
        octets, _ = way(query.to_wire(), PEER, 0, table, Terms(cookie_secret=b"0123456789abcdef"))
        assert errors(octets) == ([] if text is None else [(0, text)])
    plain = dns.message.make_query(f"{name}.default.svc.cluster.local", rtype)
    octets, _ = way(plain.to_wire(), PEER, 0, table, Terms())
    assert dns.message.from_wire(octets).edns == -1


def test_names_that_only_claim_to_be_names(table):
    for name in (b"", b"\x3f_", b"\xff" * 20, b"\x01_\x3fx", b"\1_\1_\1_\1_"):
        for rest in (b"", b"\0"):
            packet = b"\0\1\0\0\0\1\0\0\0\0\0\1" + name + rest + b"\0\x21\0\1\0\0\x29\4\xd0\0\0\0\0\0\0"
            assert respond(packet, PEER, 0, table, Terms())


def test_it_is_left_out_rather_than_a_record(table):
    """RFC 8914 3: it must not be the reason for truncation; here it does not even cost an additional record."""
    catalog = Catalog([name_from_text("cluster.local")], [], ["192.0.2.1"])
    endpoints = [endpoint("web", number) for number in range(1, 30)]
    catalog.load([Service("default", "web")], [*endpoints, endpoint("web", 99, ready=False)], 1)
    seen = set()
    for payload in range(512, 1232, 8):
        query = dns.message.make_query("web.default.svc.cluster.local", "A", use_edns=0, payload=payload)
        octets, _ = respond(query.to_wire(), PEER, 0, catalog.table, Terms())
        message = dns.message.from_wire(octets)
        assert len(octets) <= payload
        is_whole = not message.flags & dns.flags.TC
        assert is_whole is (payload >= 12 + 35 + 29 * 16 + 11)
        seen.add((is_whole, bool(errors(octets))))
    assert seen == {(False, False), (True, False), (True, True)}


def test_stale_answers_say_so_on_both_ways(table):
    terms = Terms(cookie_secret=b"0123456789abcdef")
    terms.is_stale = True
    cookie = dns.edns.CookieOption(b"12345678", b"")
    for way in (respond, respond_completely):
        for name, codes in (("web", [3]), ("nobody", [19]), ("idle", [0, 3]), ("_grpc._tcp.web", [0, 19])):
            for options in ([], [cookie]):
                full = f"{name}.default.svc.cluster.local"
                query = dns.message.make_query(full, "A", use_edns=0, payload=1232, options=options)
                octets, _ = way(query.to_wire(), PEER, 0, table, terms)
                assert [code for code, _ in errors(octets)] == codes
                assert len(dns.message.from_wire(octets).options) == len(codes) + len(options)
        elsewhere = dns.message.make_query("example.org", "A", use_edns=0)
        assert [code for code, _ in errors(way(elsewhere.to_wire(), PEER, 0, table, terms)[0])] == [20]
    terms.is_stale = False
    query = dns.message.make_query("web.default.svc.cluster.local", "A", use_edns=0)
    assert errors(respond(query.to_wire(), PEER, 0, table, terms)[0]) == []


def test_texts_are_bounded(table):
    ports = tuple(ServicePort(f"{letter * 15}", "UDP", 80) for letter in "abcdefgh")
    catalog = Catalog([name_from_text("cluster.local")], [], ["192.0.2.1"])
    catalog.load([Service("default", "web", ports=ports)], [endpoint("web", 1)], 1)
    query = dns.message.make_query(f"_{'x' * 62}._udp.web.default.svc.cluster.local", "SRV", use_edns=0)
    (found,) = errors(respond(query.to_wire(), PEER, 0, catalog.table, Terms())[0])
    assert found[1].startswith("no port named xxx")
    assert len(found[1].encode()) <= TEXT_OCTETS_MOST


@pytest.mark.parametrize("code", [3, 11, 12])
def test_options_that_are_not_for_us_are_ignored(table, code):
    """NSID is the server's to give or not (RFC 5001 2.1); a keepalive over UDP must be ignored (RFC 7828 3.3.1) and
    over TCP may be; padding is for encrypted transports alone (RFC 7830 6: test_complete).
    """
    octets = dns.edns.GenericOption(code, b"" if code != 12 else bytes(16))
    query = dns.message.make_query("web.default.svc.cluster.local", "A", options=[octets])
    for is_tcp in (False, True):
        reply = dns.message.from_wire(respond(query.to_wire(), PEER, 0, table, Terms(is_tcp=is_tcp))[0])
        assert (reply.rcode(), len(reply.answer), reply.options) == (0, 1, ())
