"""Plays of connections: what TCP and UDP themselves bring, shown on real sockets. Docstrings quote the rule."""

import socket
import struct

import pytest
from running import Running
from scenarios.wires import LARGE, SECONDS, framed, is_answer, query, read

from dnsd.authority.catalog import Catalog
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service


def test_udp_and_tcp_answer_alike(running: Running, door: socket.socket) -> None:
    """RFC 7766 5: "All general-purpose DNS implementations MUST support both UDP and TCP transport." """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(SECONDS)
        udp.connect(("127.0.0.1", running.port))
        udp.send(query(7))
        door.sendall(framed(query(7)))
        assert read(door, 1) == [udp.recv(512)]


def test_the_length_is_that_of_the_message_alone(door: socket.socket) -> None:
    """RFC 1035 4.2.2: "The message is prefixed with a two byte length field which gives the message length, excluding
    the two byte length field." """
    door.sendall(framed(query(1)))
    (reply,) = read(door, 1)
    assert is_answer(reply, 1)
    door.settimeout(0.05)
    with pytest.raises(TimeoutError):
        door.recv(1)


def test_several_questions_on_one_connection(door: socket.socket) -> None:
    """RFC 7766 6.2.1: "To amortise connection setup costs, both clients and servers SHOULD support connection reuse by
    sending multiple queries and responses over a single persistent TCP connection." """
    for number in range(5):
        door.sendall(framed(query(number)))
        assert is_answer(*read(door, 1), number)


def test_pipelined_questions(door: socket.socket) -> None:
    """RFC 7766 6.2.1.1: "DNS servers (especially recursive) MUST expect to receive pipelined queries."
    RFC 7766 6.2.1.1: "The server SHOULD answer all pipelined queries, even if they are received in quick succession."
    """
    door.sendall(b"".join(framed(query(number)) for number in range(300)))
    replies = read(door, 300)
    assert {int.from_bytes(reply[:2]) for reply in replies} == set(range(300))
    assert all(is_answer(reply, int.from_bytes(reply[:2])) for reply in replies)


def test_one_octet_at_a_time(door: socket.socket) -> None:
    """RFC 7766 8: "DNS servers MUST NOT close a connection simply because the first "read" from the TCP layer does not
    contain the entire DNS message" """
    for octet in framed(query(3)):
        door.sendall(bytes((octet,)))
    assert is_answer(*read(door, 1), 3)


@pytest.mark.parametrize("cut", [1, 2, 3, 14, 30])
def test_a_frame_in_two_parts_and_the_next_one_behind_it(door: socket.socket, cut: int) -> None:
    """RFC 7766 8: a message may come in pieces of any size, and the next one behind it in one of them."""
    stream = framed(query(1)) + framed(query(2))
    door.sendall(stream[:cut])
    door.sendall(stream[cut:])
    assert sorted(reply[:2] for reply in read(door, 2)) == [b"\0\1", b"\0\2"]


def test_a_half_closed_connection_gets_its_answers(door: socket.socket) -> None:
    """RFC 1035 4.2.2: "The server should assume that the client will initiate connection closing, and should delay
    closing its end of the connection until all outstanding client requests have been satisfied." """
    door.sendall(b"".join(framed(query(number, LARGE)) for number in range(8)))
    door.shutdown(socket.SHUT_WR)
    assert [reply[6:8] for reply in read(door, 8)] == [(1000).to_bytes(2)] * 8
    assert door.recv(1) == b""


def test_length_zero_ends_the_connection_after_what_was_owed(door: socket.socket) -> None:
    """RFC 7766 8: a length that no message can have leaves nothing to answer: the connection is closed."""
    door.sendall(framed(query(1)) + b"\0\0")
    assert is_answer(*read(door, 1), 1)
    assert door.recv(1) == b""


def test_a_reset_in_the_middle_hurts_nobody_else(running: Running, door: socket.socket) -> None:
    """RFC 7766 6.2.4: "If a DNS server finds that a DNS client has closed a TCP session (or if the session has been
    otherwise interrupted) before all pending responses have been sent, then the server MUST NOT attempt to send those
    responses." """
    for sent in (b"\0", framed(query(1))[:9], framed(query(1, LARGE)) * 20):
        other = socket.create_connection(("127.0.0.1", running.port), SECONDS)
        other.sendall(sent)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        other.close()
    door.sendall(framed(query(9)))
    assert is_answer(*read(door, 1), 9)


def test_a_reply_comes_from_the_address_that_was_asked(running: Running) -> None:
    """RFC 2181 4.1: "servers when responding to queries using UDP must cause the reply to be sent with the source
    address field in the IP header set to the address that was in the destination address field of the IP header of the
    packet containing the query causing the response." """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(SECONDS)
        for host in ("127.0.0.1", "127.0.0.5"):
            udp.sendto(query(1), (host, running.port))
            assert udp.recvfrom(512)[1] == (host, running.port)


def test_replies_go_to_the_port_that_asked(running: Running) -> None:
    """RFC 2181 4.2: "Replies to all queries must be directed to the port from which they were sent."
    RFC 2181 4.2: "For queries received by UDP the server must take note of the source port and use that as the
    destination port in the response." RFC 2181 4.2: "Replies should always be sent from the port to which they were
    directed." """
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        for number, udp in enumerate((one, two)):
            udp.settimeout(SECONDS)
            udp.connect(("127.0.0.1", running.port))  # whatever comes from another port is not received
            udp.send(query(number))
        assert [udp.recv(512)[:2] for udp in (one, two)] == [b"\0\0", b"\0\1"]


def test_the_id_comes_back(door: socket.socket) -> None:
    """RFC 1035 4.1.1: "This identifier is copied the corresponding reply and can be used by the requester to match up
    replies to outstanding queries." """
    door.sendall(framed(query(0xFFFF)) + framed(query(0)))
    assert {reply[:2] for reply in read(door, 2)} == {b"\xff\xff", b"\0\0"}


def test_an_answer_above_64_kib_on_tcp_is_cut_and_says_so(running: Running) -> None:
    """RFC 1035 4.1.1: "TrunCation - specifies that this message was truncated due to length greater than that permitted
    on the transmission channel." """
    catalog = Catalog([name_from_text("cluster.local")], ["10.0.0.0/8"], ["192.0.2.53"])
    ports = tuple(Port(f"p{n}", "TCP", n) for n in range(1, 4))
    endpoints = [Endpoint("default", "web", f"e-{n}", (f"10.0.{n >> 8}.{n & 255}",), ports) for n in range(1, 1001)]
    catalog.load([Service("default", "web")], endpoints, 1)
    with Running(catalog) as other, socket.create_connection(("127.0.0.1", other.port), SECONDS) as door:
        door.sendall(framed(query(1, rtype=33)))
        (reply,) = read(door, 1)
    assert reply[2] & 2
    assert 65_000 < len(reply) <= 65_535
    assert int.from_bytes(reply[6:8]) > 1000
