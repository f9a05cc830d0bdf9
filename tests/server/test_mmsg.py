"""What is true of ``recvmmsg`` and ``sendmmsg`` alone; test_datagrams.py has what both doors promise."""

import ctypes
import socket

import pytest

from dnsd.server.address import Address
from dnsd.server.binding import bind
from dnsd.server.datagrams import PlainDatagrams
from dnsd.server.mmsg import MmsgDatagrams, open_datagrams

pytestmark = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "recvmmsg"), reason="this C library has no recvmmsg")


@pytest.fixture
def udp():
    with bind(Address("127.0.0.1", 0), socket.SOCK_DGRAM, "", is_shared=False) as bound:
        yield bound


def test_this_platform_has_the_fast_door(udp):
    assert isinstance(open_datagrams(udp), MmsgDatagrams)


def test_without_recvmmsg_the_plain_door_serves(udp, monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    assert isinstance(open_datagrams(udp), PlainDatagrams)


def test_an_interrupted_send_is_repeated(udp):
    door = MmsgDatagrams(udp, ctypes.CDLL(None, use_errno=True))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect(udp.getsockname())
        client.send(b"q")
        packets = door.receive()
        really_send, calls = door._sendmmsg, []

        def interrupted_once(*arguments: int) -> int:
            calls.append(arguments)
            if len(calls) == 1:
                ctypes.set_errno(4)
                return -1
            return really_send(*arguments)

        door._sendmmsg = interrupted_once
        assert door.send([b"reply"])
        assert client.recv(100) == b"reply"
        assert (len(packets), len(calls), door.failed) == (1, 2, 0)


def test_replies_larger_than_the_block_are_sent_whole(udp):
    door = MmsgDatagrams(udp, ctypes.CDLL(None, use_errno=True))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect(udp.getsockname())
        replies = [bytes([number]) * 50_000 for number in range(10)]
        for _ in replies:
            client.send(b"q")
        assert len(door.receive()) == len(replies)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        assert door.send(replies)
        assert [client.recv(65_535) for _ in replies] == replies


@pytest.mark.parametrize(("host", "asked"), [("0.0.0.0", "127.0.0.5"), ("::", "::1")])
def test_a_reply_takes_the_way_that_the_routing_table_says(host, asked):
    with bind(Address(host, 0), socket.SOCK_DGRAM, "", is_shared=False) as udp:
        door = MmsgDatagrams(udp, ctypes.CDLL(None, use_errno=True))
        with socket.socket(udp.family, socket.SOCK_DGRAM) as client:
            client.connect((asked, udp.getsockname()[1]))
            client.send(b"q")
            assert door.receive() == [b"q"]
        [(_, _, pktinfo)] = door._ancillary(0)
        source = socket.inet_pton(udp.family, asked)
        assert pktinfo == (source + bytes(4) if udp.family == socket.AF_INET6 else bytes(4) + source * 2)


def test_what_is_left_of_a_batch_that_was_sent_in_part_is_sent_later(udp):
    door = MmsgDatagrams(udp, ctypes.CDLL(None, use_errno=True))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect(udp.getsockname())
        for _ in range(5):
            client.send(b"q")
        assert len(door.receive()) == 5
        really_send = door._sendmmsg

        def two_at_first(descriptor: int, headers: int, count: int, flags: int) -> int:
            if count == 5:
                return really_send(descriptor, headers, 2, flags)
            ctypes.set_errno(11)
            return -1

        door._sendmmsg = two_at_first
        replies = [b"first", b"the second", b"3rd", b"the fourth of them", b"5"]
        assert not door.send(replies)
        assert door.flush()
        assert [client.recv(100) for _ in replies] == replies
