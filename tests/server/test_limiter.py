"""Token buckets a network and kind of reply, and what happens above them."""

from functools import cache
from ipaddress import ip_address

import dns.edns
import dns.flags
import dns.message
import pytest

from dnsd.answer.cookies import server_cookie
from dnsd.answer.terms import Terms
from dnsd.server import limiter as limiter_module
from dnsd.server.limiter import Limiter, Rate
from dnsd.server.tally import Tally

SECRET, NOW = b"0123456789abcdef", 1_700_000_000
RATE = 10
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


@cache
def query(cookie: bytes) -> bytes:
    """A question, made once."""
    options = [dns.edns.GenericOption(10, cookie)] if cookie else None
    return dns.message.make_query("web.example", "A", id=7, options=options).to_wire()


@cache
def says_truncated(reply: bytes) -> bool:
    """True for a reply with TC; the same octets are looked at once."""
    return bool(dns.message.from_wire(reply).flags & dns.flags.TC)


class Door:
    """Replies of one code to questions from addresses, through a limiter."""

    def __init__(self, rate: Rate, shares: int = 1) -> None:
        self.tally = Tally("udp")
        self.limiter = Limiter(rate, self.tally, shares)
        self.terms = Terms(cookie_secret=SECRET)
        self.terms.now = NOW

    def send(self, number: int, address: str = "198.51.100.1", rcode: int = NOERROR, at: float = 0.0, cookie=b""):
        """What becomes of so many replies: whole, truncated, dropped."""
        packet = query(cookie)
        whole = packet[:2] + bytes((0x85, rcode)) + packet[4:] + b"answer", b"\0\1\0\1"
        peers = [ip_address(address).packed] * number
        made = self.limiter.limited([whole] * number, [packet] * number, peers, at, self.terms)
        dropped = sum(reply == (b"", b"") for reply in made)
        truncated = [reply for reply, _ in made if reply and reply[2] & 2]
        assert all(map(says_truncated, truncated))
        assert made.count(whole) + len(truncated) + dropped == number
        return made.count(whole), len(truncated), dropped


@pytest.fixture
def door() -> Door:
    return Door(Rate(RATE))


def test_above_the_rate_every_second_reply_is_truncated_and_the_others_are_dropped(door):
    assert door.send(30) == (10, 10, 10)
    assert door.tally.counts() == {("dnsd_dns_dropped", "udp", "rate-limit"): 10, ("dnsd_dns_slipped",): 10}


@pytest.mark.parametrize(("slip", "truncated"), [(0, 0), (1, 20), (2, 10), (5, 4)])
def test_how_many_slip_is_a_setting(slip, truncated):
    assert Door(Rate(RATE, slip=slip)).send(30) == (10, truncated, 20 - truncated)


def test_the_bucket_fills_at_the_rate_up_to_a_seconds_worth(door):
    assert door.send(10)[0] == 10
    assert door.send(10, at=0.04)[0] == 0
    assert door.send(10, at=0.31)[0] == 3
    assert door.send(20, at=500.0)[0] == 10


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        ("198.51.100.1", "198.51.100.254", True),
        ("198.51.100.1", "198.51.101.1", False),
        ("2001:db8:0:100::1", "2001:db8:0:1ff::1", True),
        ("2001:db8:0:100::1", "2001:db8:0:200::1", False),
        ("::ffff:198.51.100.1", "198.51.100.9", True),
        ("::ffff:198.51.100.1", "::ffff:198.51.101.1", False),
    ],
)
def test_a_bucket_belongs_to_a_slash_24_or_a_slash_56(door, one, other, is_shared):
    assert door.send(10, one)[0] == 10
    assert door.send(10, other)[0] == (0 if is_shared else 10)


def test_answers_denials_and_errors_have_buckets_of_their_own(door):
    assert door.send(20)[0] == 10
    assert door.send(20, rcode=NXDOMAIN)[0] == 10
    assert door.send(20, rcode=SERVFAIL) == (15, 0, 5)  # an error is not truncated: every second one goes as it is


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.9.9", "::1", "fd00::1"])
def test_private_ranges_have_no_limit_by_default(door, address):
    assert door.send(100, address) == (100, 0, 0)
    assert door.send(100, address) == (100, 0, 0)


@pytest.mark.parametrize(("replies", "shares"), [(100, 2), (100, 3), (10, 4), (7, 2), (3, 2), (1, 2), (1, 8), (5, 64)])
def test_shares_are_together_what_one_would_be(replies, shares):
    doors = [Door(Rate(replies), shares) for _ in range(shares)]
    first = [door.send(2 * replies)[0] for door in doors]
    assert len(set(first)) == 1
    # A second's worth at once, to the nearest whole reply of each, who has one at least.
    assert abs(sum(first) - replies) <= shares / 2 or first[0] == 1
    seconds, later = 60, 0
    for step in range(1, 50 * seconds + 1):
        later += sum(door.send(3, at=step / 50)[0] for door in doors)
    assert abs(later - seconds * replies) <= shares


def test_one_reply_that_comes_later_counts_with_the_others(door):
    packet = dns.message.make_query("web.example", "A", id=7).to_wire()
    whole = packet[:2] + bytes((0x85, NOERROR)) + packet[4:] + b"answer", b"\0\1\0\1"
    peer = ip_address("198.51.100.1").packed
    late = [door.limiter.limited_one(whole, packet, peer, 0.0, door.terms) for _ in range(RATE - 2)]
    assert late == [whole] * (RATE - 2)
    assert door.send(10)[0] == 2
    over = [door.limiter.limited_one(whole, packet, peer, 0.0, door.terms) for _ in range(4)]
    assert sorted(bool(reply) for reply, _ in over) == [False, False, True, True]
    assert whole not in over
    assert door.limiter.limited_one((b"", b""), packet, peer, 0.0, door.terms) == (b"", b"")
    assert door.limiter.limited_one(whole, packet, ip_address("10.0.0.1").packed, 0.0, door.terms) == whole


def test_who_is_exempt_is_a_setting():
    door = Door(Rate(RATE, exempt=["198.51.100.0/25"]))
    assert door.send(30, "198.51.100.1")[0] == 30
    assert door.send(30, "198.51.100.129")[0] == 10
    assert door.send(30, "127.0.0.1")[0] == 10


def test_a_cookie_of_ours_lifts_the_limit_another_does_not(door):
    peer = ip_address("198.51.100.1").packed
    assert door.send(30, cookie=b"clientck" + server_cookie(b"clientck", peer, NOW, SECRET)) == (30, 0, 0)
    assert door.send(30, cookie=b"clientck" + bytes(16)) == (0, 15, 15)


def test_silence_stays_silence_and_costs_nothing(door):
    peers = [ip_address("198.51.100.1").packed] * 20
    assert door.limiter.limited([(b"", b"")] * 20, [b"x"] * 20, peers, 0.0, door.terms) == [(b"", b"")] * 20
    assert door.send(10)[0] == 10
    assert door.tally.counts() == {}


def test_a_crowd_of_networks_takes_a_bounded_number_of_buckets(door, monkeypatch):
    monkeypatch.setattr(limiter_module, "_EXEMPT_KNOWN_MOST", 50)
    for number in range(200):
        door.send(1, f"10.9.0.{number}")
        assert len(door.limiter._known_exempt) <= 50
    for number in range(limiter_module.BUCKETS_MOST + 100):
        network = b"\xc8" + number.to_bytes(2)
        door.limiter._is_within(b"\0\0\x85\0", network + b"\1", 0)
    assert len(door.limiter._full_at) == limiter_module.BUCKETS_MOST
