"""Questions over real sockets: retries, cut replies, strangers' packets, closed ports, silence."""

import socket

import dns.flags
import dns.message
import dns.rrset
import pytest
from nameserver import NameServer

from dnsd.cli.exchange import Exchange
from dnsd.cli.failures import CommandFailed
from dnsd.model.names import name_from_text
from dnsd.runtime.clock import SystemClock
from dnsd.server.address import Address

NAME = name_from_text("www.example.org")


def reply_to(packet, count=1, flags=0):
    message = dns.message.make_response(dns.message.from_wire(packet))
    message.flags |= flags
    if count:
        message.answer.append(
            dns.rrset.from_text("www.example.org.", 60, "IN", "A", *[f"192.0.2.{n + 1}" for n in range(count)])
        )
    return message.to_wire(max_size=65_535)


def ask(server, is_tcp=False, timeout_seconds=5.0):
    return Exchange(Address("127.0.0.1", server.port), timeout_seconds, SystemClock()).ask(NAME, 1, is_tcp)


def test_over_udp():
    with NameServer(lambda packet, is_tcp: [reply_to(packet)]) as server:
        exchanged = ask(server)
    assert [record.rdata for record in exchanged.message.answer] == [b"\xc0\0\2\1"]
    assert (exchanged.transport, exchanged.server) == ("UDP", f"127.0.0.1:{server.port}")
    assert exchanged.octets == len(reply_to(server.asked[0][1]))
    assert 0 <= exchanged.seconds < 5


def test_over_tcp_from_the_start():
    with NameServer(lambda packet, is_tcp: [reply_to(packet, 200)]) as server:
        exchanged = ask(server, is_tcp=True)
    assert (len(exchanged.message.answer), exchanged.transport) == (200, "TCP")
    assert [way for way, _ in server.asked] == ["TCP"]


def test_a_cut_reply_is_asked_for_again_over_tcp():
    def answer(packet, is_tcp):
        return [reply_to(packet, 100) if is_tcp else reply_to(packet, 0, dns.flags.TC)]

    with NameServer(answer) as server:
        exchanged = ask(server)
    assert (len(exchanged.message.answer), exchanged.transport) == (100, "TCP")
    assert [way for way, _ in server.asked] == ["UDP", "TCP"]
    assert server.asked[0][1] == server.asked[1][1]


def test_packets_with_another_id_are_not_for_us():
    def answer(packet, is_tcp):
        foreign = bytes((packet[0] ^ 1,)) + packet[1:]
        return [reply_to(foreign), b"", b"x", reply_to(packet, 2)]

    with NameServer(answer) as server:
        assert len(ask(server).message.answer) == 2


def test_a_lost_packet_is_asked_again():
    asked = []

    def answer(packet, is_tcp):
        asked.append(packet)
        return [reply_to(packet)] if len(asked) == 2 else []

    with NameServer(answer) as server:
        assert len(ask(server, timeout_seconds=0.5).message.answer) == 1
    assert asked[0] == asked[1]


def test_silence_has_an_end():
    with NameServer(lambda packet, is_tcp: []) as server:
        with pytest.raises(CommandFailed, match=rf"^no reply from 127.0.0.1:{server.port} within 2 tries of 0.05 s$"):
            ask(server, timeout_seconds=0.05)
        assert len(server.asked) == 2


def test_a_closed_port_is_told_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for is_tcp in (False, True):
        with pytest.raises(CommandFailed, match=f"^127.0.0.1:{port}: Connection refused; is `dnsd serve` running"):
            Exchange(Address("127.0.0.1", port), 5, SystemClock()).ask(NAME, 1, is_tcp)


def test_a_connection_that_ends_early():
    with (
        NameServer(lambda packet, is_tcp: []) as server,
        pytest.raises(CommandFailed, match="closed before the reply was whole"),
    ):
        ask(server, is_tcp=True)


def test_a_reply_to_another_question():
    def answer(packet, is_tcp):
        other = dns.message.make_query("other.example.org", "A")
        other.id = int.from_bytes(packet[:2], "big")
        return [dns.message.make_response(other).to_wire()]

    with NameServer(answer) as server, pytest.raises(CommandFailed, match="answered another question"):
        ask(server)


def test_a_reply_of_a_header_alone_is_shown():
    with NameServer(lambda packet, is_tcp: [packet[:2] + b"\x81\x01" + bytes(8)]) as server:
        assert ask(server).message.rcode == 1


def test_a_reply_that_cannot_be_read():
    with NameServer(lambda packet, is_tcp: [packet[:2] + b"\x81\x00\0\1" + bytes(6)]) as server:
        with pytest.raises(CommandFailed) as fault:
            ask(server)
        assert str(fault.value) == f"the reply of 127.0.0.1:{server.port} cannot be read: it ends too early"
