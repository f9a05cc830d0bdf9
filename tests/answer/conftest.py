"""What tests of answers share: a table to ask, and replies read by dnspython."""

from collections.abc import Callable, Iterable
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from dnsd.answer.draft import Draft
from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.authority.octets import heads
from dnsd.authority.table import Table
from dnsd.codec.zonefile import read_zone
from dnsd.model.names import Name, name_from_text
from dnsd.model.service import Endpoint, Port, Service

PEER = b"\x7f\0\0\1"
STATIC = """
$TTL 300
@          SOA   ns hostmaster 7 3600 600 86400 60
           NS    ns
           MX    10 Mail
ns         A     192.0.2.53
mail       A     192.0.2.25
           AAAA  2001:db8::25
www        A     192.0.2.80
           TXT   "one" "two"
alias      CNAME www
to-mail    CNAME mx.here
mx.here    MX    10 deep.mx.here
           MX    20 mail
           MX    30 far.example.com.
deep.mx.here A   192.0.2.26
two        CNAME alias
here       CNAME there
there      CNAME here
out        CNAME www.example.com.
lost       CNAME nobody
nodata     CNAME www
into       CNAME web.default.svc.cluster.local.
gone       CNAME down.default.svc.cluster.local.
cut        CNAME www.sub
old        DNAME new
new        TXT   new
a.new      A     192.0.2.90
big        DNAME xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
round      DNAME a.round
sub        NS    ns.sub
           NS    ns.example.com.
           DS    1 8 1 00112233445566778899aabbccddeeff00112233
ns.sub     A     192.0.2.54
bare       NS    ns.example.com.
*.wild     A     192.0.2.99
           MX    10 mail
*.walias   CNAME www
*.wcut     NS    ns.example.com.
b.*.ent    A     192.0.2.98
a.b.deep   A     192.0.2.97
"""


def a_catalog() -> Catalog:
    made = Catalog([name_from_text("cluster.local")], ["10.0.0.0/8"], ["192.0.2.53"])
    made.set_static([read_zone(STATIC, "example.org.zone", name_from_text("example.org")).data])
    http = (Port("http", "TCP", 8080),)
    endpoints = [Endpoint("default", "web", f"web-{n}", (f"10.0.0.{n}",), http, weight=n) for n in (1, 2, 3)]
    endpoints += [Endpoint("default", "many", f"m-{n}", (f"10.0.1.{n}",), http) for n in range(100)]
    services = [
        Service("default", "web"),
        Service("default", "many"),
        Service("default", "empty"),
        Service("default", "down", when_empty="servfail"),
        Service("default", "ext", external_name="www.example.org"),
    ]
    made.load(services, endpoints, 9)
    return made


CATALOG = a_catalog()


@pytest.fixture
def table() -> Table:
    """The registry with a few services, and the static zone example.org."""
    return CATALOG.table


@pytest.fixture
def query() -> Callable[..., bytes]:
    """``query("web.example.org", "A", …)``: a packet; further arguments as for dnspython's ``make_query``."""
    return a_query


def a_query(name: str, rtype: str = "A", **options: Any) -> bytes:
    return dns.message.make_query(name, rtype, id=0x1234, **options).to_wire()


@pytest.fixture
def ask(table: Table) -> Callable[..., dns.message.Message]:
    """``ask(packet, terms)``: the reply as dnspython reads it."""

    def asked(packet: bytes, terms: Terms | None = None, chance: int = 0) -> dns.message.Message:
        outcome = respond(packet, PEER, chance, table, terms or Terms())
        assert isinstance(outcome, tuple), outcome
        return dns.message.from_wire(outcome[0])

    return asked


@pytest.fixture
def summary() -> Callable[[dns.message.Message], str]:
    """A reply in one line: rcode, flags and the records of each section."""
    return in_short


def in_short(message: dns.message.Message) -> str:
    flags = dns.flags.to_text(message.flags & ~dns.flags.QR & ~dns.flags.RD)
    sections = (message.answer, message.authority, message.additional)
    return " | ".join([f"{dns.rcode.to_text(message.rcode())} {flags}".rstrip(), *map(records, sections)])


def records(section: Iterable[Any]) -> str:
    """``owner/type data`` of each record, in order, without the zone's name."""
    lines = [
        f"{rrset.name}/{dns.rdatatype.to_text(rrset.rdtype)} {data}"
        for rrset in section
        for data in (str(rdata).split(" ")[-1] if rrset.rdtype != dns.rdatatype.SOA else "" for rdata in rrset)
    ]
    return ", ".join(line.replace(".example.org.", "").replace("example.org.", "@").rstrip() for line in lines)


@pytest.fixture
def drafted() -> Callable[[Draft, str], str]:
    """``drafted(draft, "www.example.org")``: the draft in one line, as if it were the reply to a question of type A."""

    def shown(draft: Draft, name: str) -> str:
        owner: Name = name_from_text(name)
        counts = (draft.answer_count, draft.authority_count, draft.additional_count)
        sections = draft.answers + draft.authority + draft.additional
        flags = 0x8400 if draft.is_authoritative else 0x8000
        head = heads(*counts, draft.rcode, flags)[0]
        return in_short(dns.message.from_wire(bytes(2) + head + owner + b"\0\1\0\1" + sections))

    return shown
