import ctypes
import socket
import struct
import sys

import pytest
from room import lacking

from dnsd.server import datagrams
from dnsd.server.address import Address
from dnsd.server.binding import bind
from dnsd.server.datagrams import BACKLOG_MOST, BATCH, Backlog, PlainDatagrams, pktinfo_kind, without_interface
from dnsd.server.mmsg import MmsgDatagrams

HAS_MMSG = hasattr(ctypes.CDLL(None), "recvmmsg")
DOORS = [
    pytest.param(PlainDatagrams, id="plain"),
    pytest.param(
        lambda udp: MmsgDatagrams(udp, ctypes.CDLL(None, use_errno=True)),
        id="mmsg",
        marks=pytest.mark.skipif(not HAS_MMSG, reason="this C library has no recvmmsg"),
    ),
]
BINDS = [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.5"), ("::1", "::1"), ("::", "::1")]


@pytest.fixture(params=DOORS)
def make_door(request):
    return request.param


@pytest.fixture
def server():
    """Makes bound UDP sockets."""
    made = []

    def bound(host: str) -> socket.socket:
        made.append(bind(Address(host, 0), socket.SOCK_DGRAM, "", is_shared=False))
        return made[-1]

    yield bound
    for each in made:
        each.close()


@pytest.fixture
def client():
    """Makes UDP sockets connected to a server: a reply from another address than the asked one never arrives."""
    made = []

    def connected(udp: socket.socket, host: str) -> socket.socket:
        made.append(socket.socket(udp.family, socket.SOCK_DGRAM))
        made[-1].settimeout(2)
        made[-1].connect((host, udp.getsockname()[1]))
        return made[-1]

    yield connected
    for each in made:
        each.close()


@pytest.mark.parametrize(("host", "asked"), BINDS)
def test_each_reply_goes_back_to_its_sender_from_the_address_it_asked(make_door, server, client, host, asked):
    udp = server(host)
    door = make_door(udp)
    for round_number in range(2):
        clients = [client(udp, asked) for _ in range(5)]
        for number, each in enumerate(clients):
            each.send(b"question %d" % number)
        packets = list(door.receive())
        assert packets == [b"question %d" % number for number in range(5)]
        local = socket.inet_pton(udp.family, clients[0].getsockname()[0])
        assert list(door.peers) == [local] * 5
        assert door.send([b"%d answers " % round_number + packet for packet in packets])
        assert [each.recv(100) for each in clients] == [b"%d answers question %d" % (round_number, n) for n in range(5)]
    assert door.failed == 0


def test_nothing_waits_at_first(make_door, server):
    door = make_door(server("127.0.0.1"))
    assert list(door.receive()) == []
    assert door.flush()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_datagram_without_a_reply_leaves_the_others_theirs(make_door, server, client, host):
    udp = server(host)
    door = make_door(udp)
    clients = [client(udp, "127.0.0.1") for _ in range(4)]
    for silent in ({1}, set(), {0, 3}, {0, 1, 2, 3}, set()):
        for each in clients:
            each.send(b"q")
        assert len(door.receive()) == 4
        door.send([b"" if number in silent else b"reply %d" % number for number in range(4)])
        for number, each in enumerate(clients):
            each.settimeout(0.05 if number in silent else 2)
            if number in silent:
                with pytest.raises(TimeoutError):
                    each.recv(100)
            else:
                assert each.recv(100) == b"reply %d" % number


def test_each_reply_leaves_from_its_own_address_although_some_get_none(make_door, server, client):
    udp = server("0.0.0.0")
    door = make_door(udp)
    clients = [client(udp, f"127.0.0.{number}") for number in range(1, 7)]
    for silent in ({0, 2}, set(), {1}):
        for each in clients:
            each.send(b"q")
        assert len(door.receive()) == 6
        assert door.send([b"" if number in silent else b"%d" % number for number in range(6)])
        for number, each in enumerate(clients):
            if number not in silent:
                assert each.recv(100) == b"%d" % number


def test_a_batch_is_bounded(make_door, server, client):
    udp = server("127.0.0.1")
    door = make_door(udp)
    asking = client(udp, "127.0.0.1")
    for number in range(BATCH + 6):
        asking.send(b"%d" % number)
    first = list(door.receive())
    assert door.send(first)
    second = list(door.receive())
    assert door.send(second)
    assert (len(first), len(second)) == (BATCH, 6)
    assert [asking.recv(100) for _ in range(BATCH + 6)] == [b"%d" % number for number in range(BATCH + 6)]


def test_sizes_from_nothing_to_the_greatest(make_door, server, client):
    udp = server("127.0.0.1")
    door = make_door(udp)
    asking = client(udp, "127.0.0.1")
    sizes = [0, 1, 4095, 4096]
    for size in sizes:
        asking.send(b"x" * size)
    assert [len(packet) for packet in door.receive()] == sizes
    replies = [b"a" * 65_000, b"b", b"c" * 65_507, b"d" * 65_000]
    assert door.send(replies)
    assert [asking.recv(65_535) for _ in replies] == replies


def test_a_datagram_that_is_too_long_arrives_cut_and_spoils_nothing(make_door, server, client):
    udp = server("127.0.0.1")
    door = make_door(udp)
    asking = client(udp, "127.0.0.1")
    asking.send(bytes(range(256)) * 40)
    asking.send(b"next")
    assert list(door.receive()) == [(bytes(range(256)) * 40)[:4096], b"next"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_sending_goes_on_after_a_reply_that_cannot_be_sent(make_door, server, client, place):
    udp = server("127.0.0.1")
    door = make_door(udp)
    clients = [client(udp, "127.0.0.1") for _ in range(3)]
    for each in clients:
        each.send(b"q")
    door.receive()
    replies = [b"fine"] * 3
    replies[place] = b"x" * 65_535  # with its headers longer than an IP packet can be: EMSGSIZE
    assert door.send(replies)
    assert door.failed == 1
    assert [each.recv(100) for number, each in enumerate(clients) if number != place] == [b"fine", b"fine"]


def _send_from_port_0(port: int) -> None:
    """A raw UDP packet from 127.0.0.1:0 to 127.0.0.1:port."""
    try:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    except PermissionError:
        lacking("CAP_NET_RAW, for raw sockets")
    with raw:
        payload = b"no way back"
        raw.sendto(struct.pack(">HHHH", 0, port, 8 + len(payload), 0) + payload, ("127.0.0.1", 0))


def test_what_comes_from_port_0_is_shown_empty_and_the_others_are_answered(make_door, server, client):
    udp = server("127.0.0.1")
    door = make_door(udp)
    before, after = client(udp, "127.0.0.1"), client(udp, "127.0.0.1")
    before.send(b"before")
    _send_from_port_0(udp.getsockname()[1])
    after.send(b"after")
    packets = list(door.receive())
    assert packets == [b"before", b"", b"after"]
    assert door.portless == 1
    assert door.send(packets)
    assert (before.recv(100), after.recv(100)) == (b"before", b"after")
    assert door.failed == 0


def test_what_comes_from_port_0_alone_is_shown_empty_and_gets_nothing(make_door, server, client):
    udp = server("127.0.0.1")
    door = make_door(udp)
    _send_from_port_0(udp.getsockname()[1])
    assert list(door.receive()) == [b""]
    assert door.portless == 1
    assert door.send([b""])
    assert door.failed == 0
    later = client(udp, "127.0.0.1")
    later.send(b"later")
    packets = door.receive()
    assert door.send(packets)
    assert later.recv(100) == b"later"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own buffers")
@pytest.mark.parametrize(("host", "asked"), BINDS)
def test_what_the_kernel_does_not_take_waits_and_is_sent_later(make_door, server, client, monkeypatch, host, asked):
    udp = server(host)
    door = make_door(udp)
    clients = [client(udp, asked) for _ in range(4)]
    for each in clients:
        each.send(b"q")
    door.receive()
    with _FullSendBuffer(monkeypatch, door):
        assert not door.send([b"reply %d" % number if number != 1 else b"" for number in range(4)])
        clients[0].send(b"more")
        assert list(door.receive()) == [b"more"]
        assert not door.send([b"reply to more"])
        assert not door.flush()
    assert door.flush()
    assert [clients[0].recv(100), clients[0].recv(100)] == [b"reply 0", b"reply to more"]
    assert [each.recv(100) for each in clients[2:]] == [b"reply 2", b"reply 3"]
    assert door.failed == 0


class _FullSendBuffer:
    """The kernel takes nothing meanwhile. A loopback socket never gets there by itself, so the calls say it."""

    def __init__(self, monkeypatch, door) -> None:
        self._patch = monkeypatch
        self._door = door

    def __enter__(self) -> None:
        def refuse(*_: object) -> int:
            raise BlockingIOError

        self._patch.setattr(datagrams.socket.socket, "sendmsg", refuse)
        if isinstance(self._door, MmsgDatagrams):
            self._sendmmsg = self._door._sendmmsg

            def would_block(*_: object) -> int:
                ctypes.set_errno(11)
                return -1

            self._door._sendmmsg = would_block

    def __exit__(self, *_: object) -> None:
        self._patch.undo()
        if isinstance(self._door, MmsgDatagrams):
            self._door._sendmmsg = self._sendmmsg


class _StuckSocket:
    """A UDP socket whose send buffer is always full, or whose every send fails."""

    family = socket.AF_INET

    def __init__(self, fault: OSError) -> None:
        self._fault = fault

    def sendmsg(self, *_: object) -> int:
        raise self._fault


def test_the_backlog_is_bounded():
    backlog = Backlog(_StuckSocket(BlockingIOError()))
    for _ in range(BACKLOG_MOST + 5):
        backlog.send(b"reply", [], ("127.0.0.1", 1053))
    assert not backlog.flush()
    assert (len(backlog), backlog.failed) == (BACKLOG_MOST, 5)


def test_the_backlog_skips_what_cannot_be_sent():
    backlog = Backlog(_StuckSocket(OSError(90, "Message too long")))
    backlog.send(b"reply", [], ("127.0.0.1", 1053))
    backlog.send(b"reply", [], ("127.0.0.1", 1053))
    assert backlog.flush()
    assert (len(backlog), backlog.failed) == (0, 2)


def test_only_a_wildcard_needs_to_know_the_asked_address(server):
    assert pktinfo_kind(server("127.0.0.1")) is None
    assert pktinfo_kind(server("::1")) is None
    if sys.platform == "linux":
        assert pktinfo_kind(server("0.0.0.0")) == (0, 8)
        assert pktinfo_kind(server("::")) == (41, 50)


def test_the_source_address_stays_and_the_interface_goes():
    assert without_interface((0, 8), b"IIIIsrc.addr") == b"\0\0\0\0src.addr"
    assert without_interface((41, 50), b"sixteen octets!!IIII") == b"sixteen octets!!\0\0\0\0"
