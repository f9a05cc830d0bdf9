"""A zone shows its SOA in the two forms that replies need."""

import dns.message
import pytest

from dnsd.authority.octets import heads, question_key
from dnsd.authority.zone import Zone
from dnsd.model import rdata
from dnsd.model.names import name_from_text

ORIGIN = name_from_text("cluster.local")


def shown(zone: Zone) -> tuple[str, str]:
    """The SOA as an answer and as it stands in negative answers."""
    question = zone.origin + question_key(6)
    own = dns.message.from_wire(bytes(2) + heads(1, 0, 0)[0] + question + zone.soa_answer.section)
    negative = dns.message.from_wire(bytes(2) + heads(0, 1, 0)[0] + question + zone.negative)
    return own.answer[0].to_text(), negative.authority[0].to_text()


def soa(minimum: int) -> rdata.Soa:
    return rdata.Soa(name_from_text("ns.dns.cluster.local"), name_from_text("x.org"), 7, 1, 2, 3, minimum)


@pytest.mark.parametrize(
    ("ttl", "minimum", "negative_ttl"),
    [(5, 5, 5), (3600, 60, 60), (60, 3600, 60)],
)
def test_a_denial_lives_as_long_as_the_lower_of_ttl_and_minimum(ttl: int, minimum: int, negative_ttl: int) -> None:
    # RFC 2308 3: "... set from the minimum of the MINIMUM field of the SOA record and the TTL of the SOA itself".
    own, negative = shown(Zone(ORIGIN, soa(minimum), ttl, follows_revision=True))
    text = f"IN SOA ns.dns.cluster.local. x.org. 7 1 2 3 {minimum}"
    assert own == f"cluster.local. {ttl} {text}"
    assert negative == f"cluster.local. {negative_ttl} {text}"


@pytest.mark.parametrize(("follows", "serial"), [(True, 12), (False, 7)])
def test_the_registrys_zones_show_the_revision(follows: bool, serial: int) -> None:
    zone = Zone(ORIGIN, soa(5), 5, follows_revision=follows)
    zone.stamp(12)
    assert all(f" {serial} 1 2 3 5" in text for text in shown(zone))
    assert zone.soa.serial == serial


def test_a_zone_travels_as_plain_values() -> None:
    zone = Zone(ORIGIN, soa(5), 300, follows_revision=False, has_wildcards=True)
    again = Zone.unpack(zone.pack())
    assert again.pack() == zone.pack()
    assert shown(again) == shown(zone)
