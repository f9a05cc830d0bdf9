"""Ranges become reverse zones that cover them exactly."""

import random
from ipaddress import ip_address, ip_network

import pytest

from dnsd.authority.reverse import PRIVATE_RANGES, nearest_origin, zones_of
from dnsd.model.names import is_at_or_below, name_from_text, name_to_text, reverse_name


@pytest.mark.parametrize(
    ("cidr", "origins"),
    [
        ("10.0.0.0/8", ["10.in-addr.arpa."]),
        ("192.168.0.0/16", ["168.192.in-addr.arpa."]),
        ("172.16.0.0/12", [f"{each}.172.in-addr.arpa." for each in range(16, 32)]),
        ("192.0.2.0/24", ["2.0.192.in-addr.arpa."]),
        ("192.0.2.8/31", ["8.2.0.192.in-addr.arpa.", "9.2.0.192.in-addr.arpa."]),
        ("192.0.2.1/32", ["1.2.0.192.in-addr.arpa."]),
        ("fc00::/7", ["c.f.ip6.arpa.", "d.f.ip6.arpa."]),
        ("fd00::/8", ["d.f.ip6.arpa."]),
        ("2001:db8::/32", ["8.b.d.0.1.0.0.2.ip6.arpa."]),
    ],
)
def test_zones_of_a_range(cidr: str, origins: list[str]) -> None:
    assert [name_to_text(origin) for origin in zones_of(cidr)] == origins


@pytest.mark.parametrize("cidr", [*PRIVATE_RANGES, "192.0.2.4/30", "128.0.0.0/1", "2001:db8::/33", "fd00::1/128"])
def test_the_zones_cover_the_range_and_nothing_else(cidr: str) -> None:
    network, origins = ip_network(cidr), zones_of(cidr)
    draw = random.Random(cidr)
    first, last = int(network.network_address), int(network.broadcast_address)
    inside = {first, last, *(draw.randint(first, last) for _ in range(50))}
    outside = {number for number in (first - 1, last + 1) if 0 <= number < 2**network.max_prefixlen}
    for number in inside | outside:
        owner = reverse_name(str(type(network.network_address)(number)))
        assert sum(is_at_or_below(owner, origin) for origin in origins) == (number in inside)


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0"])
def test_everything_is_too_much(cidr: str) -> None:
    with pytest.raises(ValueError, match="every address there is"):
        zones_of(cidr)


@pytest.mark.parametrize("cidr", ["10.0.0.1/8", "10.0.0.0/33", "web", ""])
def test_what_is_no_range(cidr: str) -> None:
    with pytest.raises(ValueError, match=r"address|netmask|network|host bits"):
        zones_of(cidr)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("10.1.2.3", "2.1.10.in-addr.arpa"),
        ("10.1.3.3", "10.in-addr.arpa"),
        ("11.0.0.1", None),
        ("fd00::1", "d.f.ip6.arpa"),
    ],
)
def test_the_innermost_zone_holds_an_address(address: str, origin: str | None) -> None:
    origins = {name_from_text(each) for each in ("10.in-addr.arpa", "2.1.10.in-addr.arpa", "d.f.ip6.arpa")}
    expected = None if origin is None else name_from_text(origin)
    assert nearest_origin(reverse_name(str(ip_address(address))), origins) == expected
