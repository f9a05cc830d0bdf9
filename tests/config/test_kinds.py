import pytest

from dnsd.config import kinds
from dnsd.config.kinds import choice, masked_url, seconds, whole
from dnsd.server.address import Address


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (kinds.HOST_PORT, "127.0.0.1:1053", Address("127.0.0.1", 1053)),
        (kinds.HOST_PORT, " [::1]:53 ", Address("::1", 53)),
        (kinds.HOST_PORT, "[0:0::1]:0", Address("::1", 0)),
        (kinds.ZONE, "Cluster.Local.", "cluster.local"),
        (kinds.ZONE, "a" * 49 + ".b", "a" * 49 + ".b"),
        (kinds.HOST_NAME, "DNS-1.example.net.", "dns-1.example.net"),
        (kinds.NETWORK, "10.0.0.0/8", "10.0.0.0/8"),
        (kinds.NETWORK, "FD00::/8", "fd00::/8"),
        (kinds.NETWORK, "192.0.2.7", "192.0.2.7/32"),
        (kinds.RULE, "10.0.0.0/8", "10.0.0.0/8"),
        (kinds.RULE, " !2001:DB8::/32", "!2001:db8::/32"),
        (kinds.SHORT_NAMES, "10.1.0.0/16  Team-A", "10.1.0.0/16 team-a"),
        (kinds.ADDRESS, "2001:DB8::0", "2001:db8::"),
        (kinds.STORE_URL, "sentinel://a:1,b:2/main/0", "sentinel://a:1,b:2/main/0"),
        (kinds.STORE_URL, "unix:///run/redis.sock", "unix:///run/redis.sock"),
        (kinds.SWITCH, True, True),
        (kinds.SWITCH, "ON", True),
        (kinds.SWITCH, 0, False),
        (kinds.PREFIX, "team:dnsd", "team:dnsd"),
        (kinds.REPLICA, "dns-1.example", "dns-1.example"),
        (whole(0, 64), "0", 0),
        (whole(0, 64), 64, 64),
        (seconds(0, 5), "0.25", 0.25),
        (seconds(0, 5), 5, 5.0),
        (choice("plain", "json"), "json", "json"),
    ],
)
def test_a_right_value_is_read(kind, raw, value):
    read = kind.read(raw)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("kind", "raw", "right"),
    [
        (kinds.HOST_PORT, "127.0.0.1", "ADDR:PORT is needed"),
        (kinds.HOST_PORT, "127.0.0.1:", "ADDR:PORT is needed"),
        (kinds.HOST_PORT, "127.0.0.1:65536", "ADDR:PORT is needed"),
        (kinds.HOST_PORT, "127.0.0.1:+53", "ADDR:PORT is needed"),
        (kinds.HOST_PORT, "127.0.0.1:٥٣", "ADDR:PORT is needed"),
        (kinds.HOST_PORT, "::1:53", "ADDR:PORT is needed"),
        (kinds.HOST_PORT, "localhost:53", "not a name"),
        (kinds.HOST_PORT, 53, "ADDR:PORT is needed"),
        (kinds.ZONE, ".", "labels of a-z"),
        (kinds.ZONE, "a..b", "labels of a-z"),
        (kinds.ZONE, "under_score.local", "labels of a-z"),
        (kinds.ZONE, "a" * 50 + ".b", "54 octets on the wire, 53 are possible"),
        (kinds.HOST_NAME, "dns-1:8053", "without a port"),
        (kinds.NETWORK, "10.0.0.1/8", "is 10.0.0.0/8 meant?"),
        (kinds.NETWORK, "10.0.0.0/33", "a network is needed"),
        (kinds.NETWORK, "ten", "a network is needed"),
        (kinds.RULE, "!10.0.0.1/8", "is 10.0.0.0/8 meant?"),
        (kinds.RULE, "!!10.0.0.0/8", "a network is needed"),
        (kinds.RULE, "not 10.0.0.0/8", "a network is needed"),
        (kinds.SHORT_NAMES, "10.1.0.0/16", "such as 10.1.0.0/16 team-a"),
        (kinds.SHORT_NAMES, "10.1.0.0/16 team_a", "such as 10.1.0.0/16 team-a"),
        (kinds.SHORT_NAMES, "10.1.0.1/16 team-a", "is 10.1.0.0/16 meant?"),
        (kinds.ADDRESS, "0.0.0.0", "others reach this machine"),
        (kinds.ADDRESS, "224.0.0.1", "others reach this machine"),
        (kinds.ADDRESS, "fe80::1%eth0", "others reach this machine"),
        (kinds.ADDRESS, "ns1", "an IPv4 or IPv6 address is needed"),
        (kinds.STORE_URL, "http://127.0.0.1:6379", "redis://"),
        (kinds.STORE_URL, "redis:", "redis://"),
        (kinds.STORE_URL, "redis://", "redis://"),
        (kinds.DIRECTORY, "", "a directory"),
        (kinds.DIRECTORY, "a\0b", "a directory"),
        (kinds.SWITCH, "maybe", "true or false"),
        (kinds.PREFIX, "{dnsd}", "1 to 64"),
        (kinds.REPLICA, "-dns", "1 to 63"),
        (whole(0, 64), 65, "a whole number from 0 to 64"),
        (whole(0, 64), -1, "a whole number from 0 to 64"),
        (whole(0, 64), True, "a whole number from 0 to 64"),
        (whole(0, 64), 1.0, "a whole number from 0 to 64"),
        (whole(0, 64), "1" * 30, "a whole number from 0 to 64"),
        (seconds(0, 5), float("nan"), "seconds from 0 to 5"),
        (seconds(0, 5), "-1", "seconds from 0 to 5"),
        (seconds(0, 5), 5.1, "seconds from 0 to 5"),
        (seconds(0, 5), True, "seconds from 0 to 5"),
        (choice("plain", "json"), "xml", "one of plain, json"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_right(kind, raw, right):
    with pytest.raises(ValueError, match=r"needed|meant|possible") as refusal:
        kind.read(raw)
    assert right in str(refusal.value)


def test_an_address_is_shown_as_it_is_typed():
    assert str(Address("127.0.0.1", 53)) == "127.0.0.1:53"
    assert str(Address("::1", 53)) == "[::1]:53"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:secret@h:6379/0", "redis://user:***@h:6379/0"),
        ("redis://:p@ss@h:6379/0", "redis://:***@h:6379/0"),
        ("redis://h:6379/0?password=secret", "redis://h:6379/0"),
        ("sentinel://:secret@h1:1,h2:2/main/0", "sentinel://:***@h1:1,h2:2/main/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_password_is_never_shown(url, shown):
    assert masked_url(url) == shown
