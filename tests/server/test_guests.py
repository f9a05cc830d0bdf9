from dataclasses import dataclass

import pytest

from dnsd.server.guests import Guests, client_of, connections_possible


@dataclass(eq=False)
class Caller:
    client: bytes
    is_owed: bool = False


def test_a_client_has_its_limit_and_no_more():
    guests: Guests[Caller] = Guests(10, 2)
    first, second = Caller(b"a"), Caller(b"a")
    guests.add(first)
    assert guests.is_welcome(b"a")
    guests.add(second)
    assert not guests.is_welcome(b"a")
    assert guests.is_welcome(b"b")
    guests.remove(first)
    assert guests.is_welcome(b"a")
    assert list(guests) == [second]


def test_who_left_leaves_nothing_behind():
    guests: Guests[Caller] = Guests(10, 2)
    for number in range(100):
        caller = Caller(bytes([number]))
        guests.add(caller)
        guests.remove(caller)
    assert len(guests) == len(guests._of_client) == 0


def test_a_full_house_lets_the_longest_silent_go():
    guests: Guests[Caller] = Guests(3, 3)
    callers = [Caller(bytes([number])) for number in range(3)]
    for caller in callers:
        assert not guests.is_full
        guests.add(caller)
    assert guests.is_full
    assert guests.longest_silent() is callers[0]
    guests.served(callers[0])
    assert guests.longest_silent() is callers[1]
    callers[1].is_owed = True
    assert guests.longest_silent() is callers[2]
    for caller in callers:
        caller.is_owed = True
    assert guests.longest_silent() is None


@pytest.mark.parametrize(("present", "seconds"), [(0, 10), (50, 10), (75, 5), (90, 2), (99, 0.5), (100, 0.5)])
def test_silence_may_last_less_as_the_house_fills(present, seconds):
    guests: Guests[Caller] = Guests(100, 100)
    for _ in range(present):
        guests.add(Caller(b"a"))
    assert guests.idle_seconds() == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("wanted", "descriptors", "possible"),
    [(1000, 20_000, 1000), (1000, 1024, 960), (1000, 64, 32), (1000, 1, 1), (10, 64, 10)],
)
def test_connections_leave_descriptors_for_everything_else(wanted, descriptors, possible):
    assert connections_possible(wanted, descriptors) == possible


def test_a_client_is_an_ipv4_address_or_an_ipv6_network():
    assert client_of(b"\x7f\0\0\1") == b"\x7f\0\0\1"
    assert client_of(bytes(range(16))) == bytes(range(8))
