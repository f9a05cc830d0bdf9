"""Every responder of an address gets an even share of its datagrams, and none is lost."""

import socket
import sys
from collections.abc import Iterator

import pytest

from dnsd.server.address import Address
from dnsd.server.sockets import DnsSocket, reserve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own hash elsewhere")
DATAGRAMS = 400
AN_EIGHTH = DATAGRAMS // 8
"""Of a fair draw a half is 200 give or take 10, a third 133 give or take 10: neither is ever so far off."""


def sharing(host: str, responders: int, living: int) -> Iterator[list[DnsSocket]]:
    (reserved,) = reserve([Address(host, 0)], responders)
    shared = [DnsSocket(reserved.address, reserved.udp, reserved.tcp, responders) for _ in range(living)]
    try:
        for each in shared:
            each.open_traffic()
        yield shared
    finally:
        for each in (*shared, reserved):
            each.close()


def taken(shared: list[DnsSocket], host: str) -> list[int]:
    """How many datagrams of one client each of them gets."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        counts = [0] * len(shared)
        for _ in range(DATAGRAMS):
            client.sendto(b"?", (host, shared[0].address.port))
            for index, each in enumerate(shared):
                counts[index] += is_there(each.udp)
    return counts


def is_there(udp: socket.socket) -> bool:
    try:
        return bool(udp.recv(16))
    except BlockingIOError:
        return False


@pytest.mark.parametrize(
    ("bound", "asked"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "::1"), ("::", "::1")]
)
def test_one_client_is_shared_evenly(bound: str, asked: str) -> None:
    # With the kernel's hash a client's port belongs to one responder: the shares would be all and nothing.
    for shared in sharing(bound, 2, 2):
        assert [each.drawn_among for each in shared] == [2, 2]
        one, other = taken(shared, asked)
        assert one + other == DATAGRAMS
        assert min(one, other) > AN_EIGHTH


@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0"])
def test_the_share_of_one_that_is_away_goes_to_the_others(bound: str) -> None:
    for shared in sharing(bound, 3, 2):
        counts = taken(shared, "127.0.0.1")
        assert sum(counts) == DATAGRAMS
        assert min(counts) > AN_EIGHTH


def test_without_such_programs_the_hash_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnsd.server.spread._ATTACH_REUSEPORT_CBPF", 9999)
    for shared in sharing("127.0.0.1", 2, 2):
        assert sorted(taken(shared, "127.0.0.1")) == [0, DATAGRAMS]
        assert [each.drawn_among for each in shared] == [1, 1]
