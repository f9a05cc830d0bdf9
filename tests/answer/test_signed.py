"""Signed queries of every kind, from bytes to bytes (RFC 8945)."""

import time
from ipaddress import ip_network

import dns.edns
import dns.message
import dns.name
import dns.tsig
import pytest

from dnsd.answer.allowed import Allowed
from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.codec.signature import SharedKeys
from dnsd.codec.tsig import ALGORITHMS, SIGNATURE_OCTETS_MOST, TsigKey, read_signature, signature_octets
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Service

NAME = name_from_text("key.example")
SECRET = b"0123456789abcdef"
WEB = "web.default.svc.cluster.local"
NOW = int(time.time())
FORMERR, NXDOMAIN, NOTAUTH = 1, 3, 9


@pytest.fixture
def catalog() -> Catalog:
    made = Catalog([name_from_text("cluster.local")], [], ["192.0.2.1"])
    endpoints = [Endpoint("default", "web", f"web-{each}", (f"10.0.{each}.1",)) for each in range(200)]
    made.load([Service("default", "web", declared=False)], endpoints, 10)
    return made


@pytest.fixture
def terms() -> Terms:
    made = Terms(is_tcp=True)
    made.keyring = SharedKeys([TsigKey(NAME, "hmac-sha256", SECRET)])
    made.now = NOW
    return made


def ring(secret=SECRET, name="key.example"):
    return {dns.name.from_text(name): dns.tsig.Key(name, secret, "hmac-sha256")}


def ask(catalog, terms, name=WEB, rtype="A", keys=None, **options):
    query = dns.message.make_query(name, rtype, **options)
    query.use_tsig(keys or ring())
    return query, respond(query.to_wire(), b"\x7f\0\0\1", 0, catalog.table, terms)


@pytest.mark.parametrize("options", [{}, {"use_edns": 0, "payload": 1232}])
@pytest.mark.parametrize("is_tcp", [True, False])
def test_an_ordinary_query_gets_a_signed_answer_that_fits(catalog, terms, options, is_tcp):
    terms.is_tcp = is_tcp
    terms.plain_limit = 65_535 if is_tcp else 512
    query, (octets, _) = ask(catalog, terms, **options)
    read = dns.message.from_wire(octets, keyring=ring(), request_mac=query.mac)
    assert read.had_tsig
    assert len(octets) <= (65_535 if is_tcp else options.get("payload", 512))
    assert (len(read.answer[0]) == 200) is is_tcp
    query, (octets, _) = ask(catalog, terms, "nobody.cluster.local", **options)
    assert dns.message.from_wire(octets, keyring=ring(), request_mac=query.mac).rcode() == NXDOMAIN


@pytest.mark.parametrize(
    ("keys", "error"), [(ring(b"another secret.."), 16), (ring(name="nobody"), 17)], ids=["BADSIG", "BADKEY"]
)
@pytest.mark.parametrize("rtype", ["A", "AXFR"])
def test_what_cannot_be_verified_is_refused_and_told_why(catalog, terms, keys, error, rtype):
    terms.transfer_to = Allowed((ip_network("127.0.0.0/8"),))
    for options in ({}, {"use_edns": 0}):
        query, (octets, key) = ask(catalog, terms, "cluster.local", rtype, keys, **options)
        assert octets[3] & 15 == NOTAUTH
        assert key[:2] == query.question[0].rdtype.to_bytes(2)
        tsig_at = octets.index(next(iter(keys)).to_wire(), 12)
        told = read_signature(octets, tsig_at)
        assert (told.error, told.mac) == (error, b"")


@pytest.mark.parametrize(("is_tcp", "limit"), [(False, 512), (True, 65_535)])
def test_names_that_leave_no_room_for_the_error_are_refused_truncated(catalog, terms, is_tcp, limit):
    """A key's name of 255 octets fills half of 512: whoever wants to know why comes back over TCP."""
    terms.is_tcp, terms.plain_limit = is_tcp, limit
    key = ".".join(("k" * 63, "k" * 63, "k" * 63, "k" * 61))
    name = ".".join(("q" * 63, "q" * 63, "q" * 63, "cluster.local"))
    _, (octets, _) = ask(catalog, terms, name, keys=ring(name=key))
    assert len(octets) <= limit
    assert octets[3] & 15 == NOTAUTH
    assert (bool(octets[2] & 2), octets[10:12]) == ((False, b"\0\1") if is_tcp else (True, b"\0\0"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("zone", ["cluster.local", "example.com"])
@pytest.mark.parametrize("clock", [NOW, NOW + 3600])
def test_the_longest_name_a_key_may_have_leaves_room_for_every_signed_reply(catalog, terms, algorithm, zone, clock):
    """512 octets hold the longest question, an OPT with a cookie and the signature, a wrong clock told included."""
    octets = SIGNATURE_OCTETS_MOST - signature_octets(b"", algorithm)
    third = (octets - 4) // 3
    key = ".".join(["k" * third, "k" * third, "k" * (octets - 4 - 2 * third)])
    assert len(name_from_text(key)) == octets
    terms = Terms(is_tcp=False, cookie_secret=SECRET)
    terms.keyring = SharedKeys([TsigKey(name_from_text(key), algorithm, SECRET)])
    terms.now = clock
    keys = {dns.name.from_text(key): dns.tsig.Key(key, SECRET, algorithm)}
    rest = 255 - len(name_from_text(zone)) - 3 * 64
    name = ".".join(["q" * 63] * 3 + ["q" * (rest - 1), zone])
    assert len(name_from_text(name)) == 255
    cookie = dns.edns.GenericOption(10, b"clientck")
    query, (reply, _) = ask(catalog, terms, name, keys=keys, use_edns=0, payload=512, options=[cookie])
    assert len(reply) <= 512
    if clock == NOW:
        read = dns.message.from_wire(reply, keyring=keys, request_mac=query.mac)
        assert (read.had_tsig, read.rcode(), len(read.options)) == (True, NXDOMAIN if zone != "example.com" else 5, 1)
    else:
        with pytest.raises(dns.tsig.PeerBadTime):
            dns.message.from_wire(reply, keyring=keys, request_mac=query.mac)
        assert len(reply) == 512


def test_without_any_keys_every_key_is_unknown(catalog):
    _, (octets, _) = ask(catalog, Terms(is_tcp=True))
    assert octets[3] & 15 == NOTAUTH
    assert octets[-4:-2] == (17).to_bytes(2)


def test_a_wrong_clock_is_told_in_a_signed_reply(catalog, terms):
    terms.now = NOW + 3600
    query, (octets, _) = ask(catalog, terms)
    assert octets[3] & 15 == NOTAUTH
    with pytest.raises(dns.tsig.PeerBadTime):
        dns.message.from_wire(octets, keyring=ring(), request_mac=query.mac)


def test_a_transfer_by_key_is_signed_message_by_message(catalog, terms):
    terms.transfer_to = Allowed(keys=frozenset({NAME}))
    query, outcome = ask(catalog, terms, "cluster.local", "AXFR")
    context, messages = None, [octets for octets in outcome.messages if octets]
    assert len(messages) > 1
    for octets in messages:
        read = dns.message.from_wire(
            octets, keyring=ring(), request_mac=query.mac, xfr=True, tsig_ctx=context, multi=True
        )
        assert read.had_tsig
        context = read.tsig_ctx
    query, outcome = ask(catalog, terms, "cluster.local", "AXFR")
    assert dns.message.from_wire(outcome.busy(), keyring=ring(), request_mac=query.mac).rcode() == 2


def test_a_key_that_is_not_named_gets_no_transfer(catalog, terms):
    terms.transfer_to = Allowed(keys=frozenset({name_from_text("other")}))
    query, (octets, _) = ask(catalog, terms, "cluster.local", "AXFR")
    assert dns.message.from_wire(octets, keyring=ring(), request_mac=query.mac).rcode() == 5


def test_a_signature_that_is_not_last_or_no_signature(catalog, terms):
    query = dns.message.make_query(WEB, "A")
    query.use_tsig(ring())
    packet = query.to_wire()
    for wrong in (
        packet[:10] + b"\0\2" + packet[12:] + packet[len(packet) - 11 :],
        packet[:-1],
        packet[:-8] + bytes(9),
    ):
        assert respond(wrong, b"\x7f\0\0\1", 0, catalog.table, terms)[0][3] & 15 == FORMERR
