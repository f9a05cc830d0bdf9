"""Who is connected over TCP, and who has to go when the house is full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

IDLE_SECONDS = 10.0
IDLE_SECONDS_LEAST = 0.5
_DESCRIPTORS_RESERVED_MOST = 64
_IPV6_NETWORK_OCTETS = 8


class Guest(Protocol):
    """What is known of a connection here."""

    client: bytes

    @property
    def is_owed(self) -> bool:
        """True while there are answers that the peer has not read."""


G = TypeVar("G", bound=Guest)


def connections_possible(wanted: int, descriptors: int) -> int:
    """How many connections a process that may open ``descriptors`` files can have beside everything else."""
    return max(1, min(wanted, descriptors - min(_DESCRIPTORS_RESERVED_MOST, descriptors // 2)))


def client_of(peer: bytes) -> bytes:
    """What connections are counted under: an IPv4 address, or an IPv6 /64, which one host has to itself."""
    return peer[:_IPV6_NETWORK_OCTETS]


class Guests(Generic[G]):
    """At most ``most`` in all and ``a_client_most`` of one client, in the order of their last whole message."""

    def __init__(self, most: int, a_client_most: int) -> None:
        self._most = most
        self._a_client_most = a_client_most
        # A dict keeps the order in which its keys came; whoever is served goes to its end.
        self._all: dict[G, None] = {}
        self._of_client: Counter[bytes] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[G]:
        return iter(list(self._all))

    @property
    def is_full(self) -> bool:
        """True when somebody has to go before another can come."""
        return len(self._all) >= self._most

    def is_welcome(self, client: bytes) -> bool:
        """False when this client has as many connections as one may have."""
        return self._of_client[client] < self._a_client_most if client in self._of_client else True

    def add(self, guest: G) -> None:
        """Somebody has come."""
        self._all[guest] = None
        self._of_client[guest.client] += 1

    def remove(self, guest: G) -> None:
        """Somebody has gone."""
        del self._all[guest]
        self._of_client[guest.client] -= 1
        if not self._of_client[guest.client]:
            del self._of_client[guest.client]

    def served(self, guest: G) -> None:
        """Somebody has asked a whole question just now."""
        del self._all[guest]
        self._all[guest] = None

    def longest_silent(self) -> G | None:
        """Who has asked nothing for the longest time and is owed nothing: the one to go when the house is full."""
        return next((guest for guest in self._all if not guest.is_owed), None)

    def idle_seconds(self) -> float:
        """How long one may be silent: all the time up to half a house, ever less until it is full (RFC 7766 6.2.3)."""
        room_left = 2 * (1 - len(self._all) / self._most)
        return min(IDLE_SECONDS, max(IDLE_SECONDS_LEAST, IDLE_SECONDS * room_left))
