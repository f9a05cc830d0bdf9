"""Plays of TCP as a transport of its own, kept open and shared: RFC 7766 and RFC 9210. Docstrings quote the rule."""

import select
import socket

import pytest
from running import Running
from scenarios.wires import LARGE, SECONDS, framed, is_answer, query, read

AXFR, SOA = 252, 6
ZONE = "cluster.local"


def udp_reply(running: Running, packet: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(SECONDS)
        udp.connect(("127.0.0.1", running.port))
        udp.send(packet)
        return udp.recv(65_535)


def test_what_is_too_large_for_udp_comes_whole_over_tcp(running: Running, door: socket.socket) -> None:
    """RFC 9210 3: "All DNS resolvers and servers MUST support and service both UDP and TCP queries."
    RFC 7766 1: "support for TCP is henceforth a REQUIRED part of a full DNS protocol implementation."
    RFC 7766 5: "Authoritative server implementations MUST support TCP so that they do not limit the size of
    responses to what fits in a single UDP packet."
    RFC 9210 3: "DNS servers (including forwarders) MUST support and service TCP for receiving queries so that clients
    can reliably receive responses that are larger than what either side considers too large for UDP." """
    assert udp_reply(running, query(1, LARGE))[2] & 2
    door.sendall(framed(query(1, LARGE)))
    (reply,) = read(door, 1)
    assert (reply[2] & 2, reply[6:8]) == (0, (1000).to_bytes(2))


def test_what_fits_udp_is_answered_over_tcp_as_well(door: socket.socket) -> None:
    """RFC 9210 3: "it MUST NOT refuse to service a query just because it would have succeeded with another transport
    protocol." """
    door.sendall(framed(query(5)))
    assert is_answer(*read(door, 1), 5)


def test_no_datagram_has_to_come_before(running: Running) -> None:
    """RFC 9210 4.1: "Networks and applications MUST NOT be configured to refuse TCP queries that were not preceded by a
    UDP query." RFC 9210 4.1: "TCP MAY be used before sending any UDP queries." """
    place = ("127.0.0.1", running.port)
    with socket.create_connection(place, SECONDS, source_address=("127.0.0.77", 0)) as stranger:
        stranger.sendall(framed(query(1)))
        assert is_answer(*read(stranger, 1), 1)


def test_replies_come_by_the_transport_and_connection_that_asked(running: Running, door: socket.socket) -> None:
    """RFC 7766 5: "all recursive and authoritative servers MUST send responses using the same transport as the query
    arrived on." RFC 7766 5: "In the case of TCP, this MUST also be the same connection." """
    with socket.create_connection(("127.0.0.1", running.port), SECONDS) as other:
        for number in range(4):
            (door, other)[number % 2].sendall(framed(query(number)))
        assert udp_reply(running, query(9))[:2] == b"\0\x09"
        assert [reply[:2] for reply in read(door, 2)] == [b"\0\0", b"\0\2"]
        assert [reply[:2] for reply in read(other, 2)] == [b"\0\1", b"\0\3"]


def test_length_and_message_come_together(door: socket.socket) -> None:
    """RFC 7766 8: "DNS clients and servers SHOULD pass the two-octet length field, and the message described by that
    length field, to the TCP layer at the same time" """
    door.sendall(framed(query(1)))
    assert select.select([door], [], [], SECONDS)[0]
    frame = door.recv(65_535)
    assert (int.from_bytes(frame[:2]), is_answer(frame[2:], 1)) == (len(frame) - 2, True)


@pytest.mark.parametrize("pause", ["none", "a reply between"])
def test_a_refresh_on_one_connection(door: socket.socket, pause: str) -> None:
    """RFC 7766 6.1: "the server should allow the SOA and AXFR request sequence (which begins a refresh operation) to be
    made on a single connection." RFC 1035 4.2.2: "In particular, the server should allow the SOA and AXFR request
    sequence (which begins a refresh operation) to be made on a single connection." """
    door.sendall(framed(query(1, ZONE, SOA)))
    soa = read(door, 1) if pause != "none" else []
    door.sendall(framed(query(2, ZONE, AXFR)) + framed(query(3)))
    with door.makefile("rb") as stream:
        replies = soa
        while not replies or replies[-1][:2] != b"\0\3":
            replies.append(stream.read(int.from_bytes(stream.read(2))))
    assert is_answer(replies[0], 1)
    assert is_answer(replies[-1], 3)
    transferred = replies[1:-1]
    assert {reply[:2] for reply in transferred} == {b"\0\2"}
    assert sum(int.from_bytes(reply[6:8]) for reply in transferred) > 3000


def test_who_sends_half_a_message_keeps_nobody_waiting(running: Running, door: socket.socket) -> None:
    """RFC 1035 4.2.2: "The server should not block other activities waiting for TCP data."
    RFC 1035 4.2.2: "The server should support multiple connections." RFC 7766 6.2.1: whoever is kept open and silent
    keeps nobody out.
    """
    waiting = [socket.create_connection(("127.0.0.1", running.port), SECONDS) for _ in range(20)]
    try:
        for number, each in enumerate(waiting):
            each.sendall(framed(query(number))[: number + 1])
        door.sendall(framed(query(99)))
        assert is_answer(*read(door, 1), 99)
        assert udp_reply(running, query(7))[:2] == b"\0\7"
        for number, each in enumerate(waiting):
            each.sendall(framed(query(number))[number + 1 :])
        assert all(is_answer(*read(each, 1), number) for number, each in enumerate(waiting))
    finally:
        for each in waiting:
            each.close()
