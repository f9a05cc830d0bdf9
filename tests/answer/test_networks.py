"""Values by network, found by address octets."""

from ipaddress import ip_address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from dnsd.answer.networks import Networks, unmapped

TEXTS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "2001:db8::/32", "2001:db8:1::/48", "fd00::1/128"]


def octets(text: str) -> bytes:
    return ip_address(text).packed


def test_the_longest_prefix_decides():
    networks = Networks((text, text) for text in TEXTS)
    assert networks.find(octets("10.1.2.3")) == "10.1.2.3/32"
    assert networks.find(octets("10.1.2.4")) == "10.1.0.0/16"
    assert networks.find(octets("10.2.0.0")) == "10.0.0.0/8"
    assert networks.find(octets("11.0.0.0")) is None
    assert networks.find(octets("2001:db8:1::9")) == "2001:db8:1::/48"
    assert networks.find(octets("2001:db8:2::9")) == "2001:db8::/32"
    assert networks.find(octets("fd00::2")) is None


def test_all_addresses_are_a_network_too_and_one_family_is_not_the_other():
    everything = Networks([("0.0.0.0/0", 4)])
    assert everything.find(octets("203.0.113.1")) == 4
    assert everything.find(octets("2001:db8::1")) is None
    assert not Networks()
    assert everything


def test_a_mapped_address_counts_as_what_it_is():
    # RFC 4291 2.5.5.2: "This type of address is used to represent the addresses of IPv4 nodes as IPv6 addresses."
    mapped = octets("::ffff:10.1.2.3")
    assert unmapped(mapped) == octets("10.1.2.3")
    assert Networks([("10.0.0.0/8", True)]).find(mapped) is True
    assert Networks([("::/0", True)]).find(mapped) is None


@settings(deadline=None, max_examples=200)
@given(st.ip_addresses())
def test_it_finds_what_ipaddress_finds(address):
    holding = [text for text in TEXTS if ip_network(text).version == address.version and address in ip_network(text)]
    longest = max(holding, key=lambda text: ip_network(text).prefixlen, default=None)
    expected = longest if not (address.version == 6 and address.ipv4_mapped) else None
    assert Networks((text, text) for text in TEXTS).find(address.packed) == expected
