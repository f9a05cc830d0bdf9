"""A zone that is exported and read again is the same zone."""

import pytest

from dnsd.authority.catalog import Catalog
from dnsd.authority.export import exported, lost_names
from dnsd.codec.zonefile import read_zone
from dnsd.codec.zonefile_writer import master_file_lines
from dnsd.model.message import RRType
from dnsd.model.names import name_from_text, name_to_text
from dnsd.model.service import Endpoint, Port, Service, ServicePort

ZONE = name_from_text("cluster.local")
STATIC = """
$TTL 300
@    SOA ns hostmaster 7 3600 600 86400 60
     NS  ns
ns   A   192.0.2.53
www  A   192.0.2.80
     TXT "two words" "second"
sub  NS  ns.sub
ns.sub A 192.0.2.54
*.wild MX 10 www
"""


@pytest.fixture
def catalog() -> Catalog:
    made = Catalog([ZONE], ["10.0.0.0/8"], ["192.0.2.1"])
    made.set_static([read_zone(STATIC, "example.zone", name_from_text("example.org")).data])
    endpoints = [
        Endpoint("default", "web", f"web-{number}", (f"10.0.0.{number}",), (Port("http", "TCP", 8080),))
        for number in (1, 2)
    ]
    made.load([Service("default", "web", declared=False)], endpoints, 12)
    return made


def _lines(catalog: Catalog, origin: str) -> list[str]:
    return list(master_file_lines(exported(catalog.table, name_from_text(origin))))


def test_the_registry_as_a_master_file(catalog: Catalog) -> None:
    assert _lines(catalog, "cluster.local") == [
        "cluster.local.\t5\tIN\tSOA\tns.dns.cluster.local. hostmaster.cluster.local. 12 3600 600 604800 5",
        "cluster.local.\t5\tIN\tNS\tns.dns.cluster.local.",
        "ns.dns.cluster.local.\t5\tIN\tA\t192.0.2.1",
        'dns-version.cluster.local.\t5\tIN\tTXT\t"1.1.0"',
        "web.default.svc.cluster.local.\t5\tIN\tA\t10.0.0.1",
        "web.default.svc.cluster.local.\t5\tIN\tA\t10.0.0.2",
        "web.default.svc.cluster.local.\t5\tIN\tSRV\t0 100 8080 web-1.web.default.svc.cluster.local.",
        "web.default.svc.cluster.local.\t5\tIN\tSRV\t0 100 8080 web-2.web.default.svc.cluster.local.",
        "_http._tcp.web.default.svc.cluster.local.\t5\tIN\tSRV\t0 100 8080 web-1.web.default.svc.cluster.local.",
        "_http._tcp.web.default.svc.cluster.local.\t5\tIN\tSRV\t0 100 8080 web-2.web.default.svc.cluster.local.",
        "web-1.web.default.svc.cluster.local.\t5\tIN\tA\t10.0.0.1",
        "web-2.web.default.svc.cluster.local.\t5\tIN\tA\t10.0.0.2",
    ]


def test_a_static_zone_comes_out_as_it_went_in(catalog: Catalog) -> None:
    text = "\n".join(_lines(catalog, "example.org"))
    again = read_zone(text, "again.zone", name_from_text("example.org")).data
    first = read_zone(STATIC, "example.zone", name_from_text("example.org")).data

    def records(data: object) -> set[tuple[bytes, int, int, bytes]]:
        return {
            (rrset.owner, rrset.rtype, rrset.ttl, record.rdata)
            for rrset in data.rrsets  # type: ignore[attr-defined]
            for record in rrset.records
        }

    assert records(again) == records(first)
    assert (name_from_text("ns.sub.example.org"), RRType.A, 300, bytes((192, 0, 2, 54))) in records(again)


def test_a_zone_that_is_not_ours(catalog: Catalog) -> None:
    with pytest.raises(KeyError):
        _lines(catalog, "example.com")


def test_names_that_a_secondary_would_deny(catalog: Catalog) -> None:
    # RFC 5936 3.5: only records travel, so a name that exists without one at or below it is lost.
    ports = (ServicePort("http", "TCP", 80),)
    catalog.load([Service("default", "web"), Service("other", "empty", ports)], [], 13)
    assert [name_to_text(name) for name in lost_names(catalog.table, ZONE)] == [
        "svc.cluster.local.",
        "default.svc.cluster.local.",
        "web.default.svc.cluster.local.",
        "other.svc.cluster.local.",
        "empty.other.svc.cluster.local.",
        "_tcp.empty.other.svc.cluster.local.",
        "_http._tcp.empty.other.svc.cluster.local.",
    ]
    assert lost_names(catalog.table, name_from_text("example.org")) == []
