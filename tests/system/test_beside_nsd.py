"""The same zones served by NSD: every name and type has the same response code, authority flag and answer."""

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from ports import free_port
from room import require
from waiting import until

from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.authority.export import exported
from dnsd.codec.zonefile import read_zone
from dnsd.codec.zonefile_writer import master_file_lines
from dnsd.model.names import name_from_text, name_to_text
from dnsd.model.service import Endpoint, Port, Service, ServicePort

CLUSTER, REVERSE, STATIC = "cluster.local", "10.in-addr.arpa", "example.org"
ZONE = """
$TTL 300
@ SOA ns hostmaster 7 3600 600 86400 60
@ NS ns
@ NS ns.example.com.
@ MX 10 mail
ns A 192.0.2.53
mail A 192.0.2.25
mail AAAA 2001:db8::25
www A 192.0.2.80
www TXT "one" "two"
_sip._tcp SRV 0 5 5060 mail
alias CNAME www
two CNAME alias
out CNAME www.example.com.
lost CNAME nobody
intosub CNAME www.sub
old DNAME new
new TXT "new"
a.new A 192.0.2.90
far DNAME example.com.
sub NS ns.sub
sub NS ns.example.com.
sub DS 12345 8 1 00112233445566778899AABBCCDDEEFF00112233
ns.sub A 192.0.2.54
bare NS ns.example.com.
*.wild A 192.0.2.99
*.wild MX 10 mail
there.wild TXT "there"
*.walias CNAME www
b.*.ent TXT "below a wildcard"
a.b.deep TXT "deep"
sub.*.star TXT "not a wildcard"
*.star TXT "a wildcard"
odd TYPE65280 \\# 3 010203
"""
TYPES = ("A", "AAAA", "NS", "SOA", "CNAME", "DNAME", "PTR", "MX", "TXT", "SRV", "DS", "HINFO", "TYPE65280", "ANY")
BELOW = ("x", "a.b", "*", "_http._tcp", "www", "ns")
SPECIAL = (".", "org", "local", "arpa", "example.com", "cluster.local.cluster.local", "11.in-addr.arpa")


def a_catalog() -> Catalog:
    catalog = Catalog([name_from_text(CLUSTER)], ["10.0.0.0/8"], ["192.0.2.53", "2001:db8::53"])
    catalog.set_static([read_zone(ZONE, f"{STATIC}.zone", name_from_text(STATIC)).data])
    ports = (Port("http", "TCP", 8080), Port("", "UDP", 9))
    endpoints = [
        *(Endpoint("default", "web", f"web-{n}", (f"10.0.0.{n}", f"fd00::{n}"), ports, weight=n) for n in (1, 2, 3)),
        Endpoint("default", "web", "task.4", ("10.0.0.4",), ports, priority=3),
        Endpoint("default", "ip", "ip-1", ("10.0.1.1",), ports),
        Endpoint("other", "web", "web-1", ("10.0.0.1",), ports),
    ]
    services = [
        Service("default", "web", ttl_seconds=30),
        Service("default", "ip", (ServicePort("http", "TCP", 80),), ("10.96.0.1", "fd00::96")),
        Service("other", "web"),
        Service("default", "alias", external_name="web.default.svc.cluster.local"),
        Service("default", "lost", external_name="nobody.default.svc.cluster.local"),
        Service("default", "out", external_name="www.example.com"),
        Service("default", "gone", when_empty="nxdomain"),
    ]
    catalog.load(services, endpoints, 12)
    return catalog


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return a_catalog()


@pytest.fixture(scope="module")
def nsd(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an NSD with the same zones, as dnsd exports them."""
    require("nsd")
    folder = tmp_path_factory.mktemp("nsd")
    port = free_port()
    for zone in (CLUSTER, REVERSE, STATIC):
        lines = master_file_lines(exported(catalog.table, name_from_text(zone)))
        (folder / f"{zone}.zone").write_text("\n".join(lines) + "\n")
    (folder / "nsd.conf").write_text(configuration(folder, port))
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(["nsd", "-d", "-c", str(folder / "nsd.conf")], stdout=log, stderr=log)
    try:
        until(lambda: is_answering(port), f"NSD answers: {folder / 'log'}")
        yield port
    finally:
        server.terminate()
        server.wait(10)


def configuration(folder: Path, port: int) -> str:
    zones = "".join(f"zone:\n  name: {zone}\n  zonefile: {zone}.zone\n" for zone in (CLUSTER, REVERSE, STATIC))
    files = "".join(
        f"  {key}: {folder}/{name}\n"
        for key, name in (("zonelistfile", "list"), ("xfrdfile", "xfrd"), ("zonesdir", ""))
    )
    return f"""server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  pidfile: ""
  database: ""
  rrl-ratelimit: 0
{files}remote-control:
  control-enable: no
{zones}"""


def is_answering(port: int) -> bool:
    try:
        replies = [ask(port, dns.message.make_query(zone, "SOA"), 0.5) for zone in (CLUSTER, REVERSE, STATIC)]
    except (dns.exception.Timeout, OSError):
        return False
    return all(reply.answer for reply in replies)


def ask(port: int, query: dns.message.Message, seconds: float = 10.0) -> dns.message.Message:
    return dns.query.udp(query, "127.0.0.1", seconds, port)


def names(catalog: Catalog) -> list[str]:
    """Every name there is, and some below each, and some that are none of ours."""
    there = [name_to_text(owner) for owner in catalog.table.nodes if b"\4arpa\0" not in owner or owner[0] < 10]
    # A name that exists without any record of its own or below it is nothing that a master file could say.
    below = [f"{label}.{name}" for name, label in itertools.product(there, BELOW) if len(name) < 100]
    return sorted({name for name in (*there, *below, *SPECIAL) if ".ip6." not in name})


def summary(reply: dns.message.Message, is_whole: bool) -> tuple[str, bool, list[str]]:
    """Response code, AA, and the answer; where there is none, why: the SOA, or a referral's servers and their glue."""
    sections = [reply.answer] if reply.answer else [reply.authority, reply.additional]
    records = sorted(
        f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {data}".lower()
        for section in sections
        for rrset in section
        for data in rrset
    )
    return dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AA), records if is_whole else []


def test_every_name_and_type(catalog: Catalog, nsd: int) -> None:
    different = []
    terms = Terms(payload_most=4096)
    asked = list(itertools.product(names(catalog), TYPES))
    assert len(asked) > 3000
    for name, rtype in asked:
        query = dns.message.make_query(name, rtype, use_edns=0, payload=4096)
        outcome = respond(query.to_wire(), b"\x7f\0\0\1", 0, catalog.table, terms)
        assert isinstance(outcome, tuple)
        # NSD gives all there is for ANY; RFC 8482 lets us give one RRset.
        ours, theirs = (
            summary(reply, rtype != "ANY") for reply in (dns.message.from_wire(outcome[0]), ask(nsd, query))
        )
        if ours != theirs:
            different.append((name, rtype, ours, theirs))
    assert different == []
