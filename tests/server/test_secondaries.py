"""Telling secondaries of changes: when, how often, and until when, with a socket in the secondary's place."""

import asyncio
import socket

import dns.message
import dns.opcode
import dns.tsig
import pytest

from dnsd.codec.signature import SharedKeys
from dnsd.codec.tsig import TsigKey
from dnsd.model.names import name_from_text
from dnsd.runtime.tasks import Tasks
from dnsd.server.address import Address
from dnsd.server.secondaries import TRIES_MOST, Line, Secondaries, Secondary

ZONE, REVERSE = name_from_text("cluster.local"), name_from_text("10.in-addr.arpa")
KEY = name_from_text("key.example")


class Feed:
    """A feed whose responders are as far as a test says."""

    def __init__(self) -> None:
        self.published = []
        self.reloads = 0
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()

    def publish(self, delta) -> None:
        self.published.append(delta)

    def reload(self) -> None:
        self.reloads += 1

    async def applied(self, revision: int, within_seconds: float) -> bool:
        self.asked.append(revision)
        await self.gate.wait()
        return True


class Peer:
    """A secondary's socket."""

    def __init__(self) -> None:
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.came = []

    def look(self) -> list:
        """What has come so far."""
        while True:
            try:
                octets, self.sender = self.socket.recvfrom(4096)
            except BlockingIOError:
                return self.came
            self.came.append(octets)

    def zones(self) -> list[str]:
        return [str(dns.message.from_wire(octets).question[0].name) for octets in self.look()]

    def acknowledge(self, octets: bytes, rcode: int = 0) -> None:
        self.socket.sendto(octets[:2] + bytes((0xA4, rcode)) + octets[4:], self.sender)


@pytest.fixture
def peer():
    made = Peer()
    yield made
    made.socket.close()


@pytest.fixture
async def told(catalog, peer, hand_clock):
    """The audience with one secondary, running, and the feed below it."""
    catalog.load((), (), 1)
    feed = Feed()
    address = Address(*peer.socket.getsockname())
    made = Secondaries(feed, catalog.table, [Secondary(address)], None, hand_clock)
    tasks = Tasks("test")
    tasks.start("run", made.run())
    yield made, feed
    await tasks.stop()


async def test_a_change_is_told_once_the_responders_have_it_and_for_its_zones_alone(told, register, peer, until):
    secondaries, feed = told
    feed.gate.clear()
    delta = register(2, 1)
    secondaries.publish(delta)
    assert feed.published == [delta]
    await until(lambda: feed.asked == [2])
    assert peer.look() == []
    feed.gate.set()
    await until(lambda: len(peer.look()) == 2)
    assert sorted(peer.zones()) == ["10.in-addr.arpa.", "cluster.local."]
    read = dns.message.from_wire(peer.came[0])
    assert (read.opcode(), read.answer[0][0].serial) == (dns.opcode.NOTIFY, 2)
    assert await secondaries.applied(2, 1.0)


async def test_a_reload_is_told_for_every_zone(told, peer, until, catalog):
    secondaries, feed = told
    secondaries.reload()
    assert feed.reloads == 1
    await until(lambda: len(peer.look()) == len(catalog.table.zones))


@pytest.fixture
def line(catalog, peer, hand_clock):
    """One secondary, its turns taken by hand."""
    catalog.load((), (), 1)
    made = Line(Secondary(Address(*peer.socket.getsockname())), catalog.table, None, hand_clock)
    made._socket = socket.socket(type=socket.SOCK_DGRAM)
    made._socket.setblocking(False)
    yield made
    made._socket.close()


def test_at_most_one_a_second_and_the_last_change_is_always_told(line, peer, hand_clock):
    line.change([ZONE])
    line.send_due()
    assert len(peer.look()) == 1
    line.change([ZONE])
    line.change([ZONE])
    line.send_due()
    assert len(peer.look()) == 1
    peer.acknowledge(peer.came[0])
    line.read()
    line.send_due()
    assert len(peer.look()) == 1
    hand_clock.advance(1.0)
    line.send_due()
    assert len(peer.look()) == 2
    peer.acknowledge(peer.came[1])
    line.read()
    hand_clock.advance(1000.0)
    line.send_due()
    assert len(peer.look()) == 2


def test_silence_is_tried_again_ever_more_slowly_and_not_for_ever(line, peer, hand_clock):
    line.change([ZONE])
    sent_at = []
    for second in range(1000):
        line.send_due()
        sent_at += [second] * (len(peer.look()) - len(sent_at))
        hand_clock.advance(1.0)
    assert sent_at == [0, 2, 6, 14, 30, 62, 122, 182]
    assert len(sent_at) == TRIES_MOST
    line.change([ZONE])
    line.send_due()
    assert len(peer.look()) == TRIES_MOST + 1


def test_only_its_own_acknowledgement_counts(line, peer, hand_clock):
    line.change([ZONE, REVERSE])
    line.send_due()
    first, second = peer.look()
    peer.acknowledge(bytes(2) + first[2:])
    peer.acknowledge(first[:2] + second[2:])
    peer.socket.sendto(b"noise", peer.sender)
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.sendto(first[:2] + b"\xa4\0" + first[4:], ("127.0.0.1", peer.sender[1]))
    for _ in range(4):
        line.read()
    hand_clock.advance(2.0)
    line.send_due()
    assert len(peer.look()) == 4


def test_a_refusal_is_an_answer(line, peer, hand_clock, caplog):
    line.change([ZONE])
    line.send_due()
    peer.acknowledge(peer.look()[0], 9)
    line.read()
    hand_clock.advance(100.0)
    line.send_due()
    assert len(peer.look()) == 1
    assert "refuses to hear of cluster.local.: rcode 9" in caplog.text


def test_what_is_told_is_signed(catalog, peer, hand_clock):
    catalog.load((), (), 1)
    keys = SharedKeys([TsigKey(KEY, "hmac-sha256", b"0123456789abcdef")])
    line = Line(Secondary(Address(*peer.socket.getsockname()), KEY), catalog.table, keys, hand_clock)
    with socket.socket(type=socket.SOCK_DGRAM) as line._socket:
        line.change([ZONE])
        line.send_due()
        octets = peer.look()[0]
    with pytest.raises(dns.tsig.BadTime):  # right in all but the hand-turned clock
        dns.message.from_wire(octets, keyring=dns.tsig.Key("key.example", b"0123456789abcdef"))
