"""What stands in our zones whatever is registered."""

import pytest

from dnsd.authority.domain import Domain
from dnsd.codec.zonefile_writer import master_file_lines
from dnsd.model.names import Name, name_from_text, name_to_text

LOCAL, OTHER, TEN = (name_from_text(text) for text in ("cluster.local", "k8s.example.org", "10.in-addr.arpa"))
DOMAIN = Domain((LOCAL, OTHER), (TEN,), ("192.0.2.53", "2001:db8::53", "192.0.2.53"), 5)
SERVER = ["192.0.2.53", "2001:db8::53"]


def lines(domain: Domain, origin: Name) -> list[str]:
    return [line for sets in domain.standing(origin).values() for line in master_file_lines(sets)]


@pytest.mark.parametrize(("origin", "text"), [(LOCAL, "cluster.local."), (OTHER, "k8s.example.org.")])
def test_a_cluster_domain_names_its_server_and_the_schema(origin: Name, text: str) -> None:
    # Kubernetes DNS specification 2.2: the schema version as TXT at dns-version.<zone>.
    assert lines(DOMAIN, origin) == [
        f"{text}\t5\tIN\tNS\tns.dns.cluster.local.",
        f'dns-version.{text}\t5\tIN\tTXT\t"1.1.0"',
        f"ns.dns.{text}\t5\tIN\tA\t{SERVER[0]}",
        f"ns.dns.{text}\t5\tIN\tAAAA\t{SERVER[1]}",
    ]


def test_svc_stands_even_without_services() -> None:
    assert name_from_text("svc.cluster.local") in DOMAIN.standing(LOCAL)


def test_a_reverse_zone_has_a_server() -> None:
    assert lines(DOMAIN, TEN) == ["10.in-addr.arpa.\t5\tIN\tNS\tns.dns.cluster.local."]


def test_glue_is_the_servers_addresses() -> None:
    assert [rrset.rtype for rrset in DOMAIN.glue(name_from_text("ns.dns.cluster.local"))] == [1, 28]
    assert list(DOMAIN.glue(name_from_text("ns.dns.k8s.example.org"))) == []


def test_the_soa_of_our_zones() -> None:
    zone = DOMAIN.zone(TEN)
    assert (name_to_text(zone.soa.mname), name_to_text(zone.soa.rname)) == (
        "ns.dns.cluster.local.",
        "hostmaster.cluster.local.",
    )
    # dns-behaviour.md: the SOA's TTL equals its minimum equals the negative TTL, for caches read either.
    assert (zone.ttl, zone.soa.minimum, zone.follows_revision) == (5, 5, True)


def test_without_addresses_the_servers_name_stands_empty() -> None:
    sets = Domain((LOCAL,), (), (), 5).standing(LOCAL)
    assert sets[name_from_text("ns.dns.cluster.local")] == []
