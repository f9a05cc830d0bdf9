"""What the tests of the DNS door share: a table, a respond of a few lines, questions."""

import struct
from collections.abc import Callable

import dns.message
import pytest
from waiting import eventually

from dnsd.answer.respond import respond as respond_really
from dnsd.answer.terms import Terms
from dnsd.authority.catalog import Catalog
from dnsd.authority.table import Delta, Table
from dnsd.model.change import Change
from dnsd.model.message import Drop, Forward, Outcome, Wanted
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Service
from dnsd.server.frames import feed_pair


def echo(packet: bytes, peer: bytes, chance: int, table: Table, terms: Terms) -> Outcome:
    """Echoes with QR set; the body may ask for something else: silence, a fault, a forward, or so many octets."""
    if len(packet) < 12 or packet[2] & 0x80:
        return Drop("short" if len(packet) < 12 else "response")
    body = packet[12:]
    if body == b"silence":
        return Drop("test")
    if body == b"fault":
        raise RuntimeError("a fault in respond")
    if body == b"forward":
        return Forward(Wanted(b"\0", b"\0\1\0\1"), b"\0\1\0\1", lambda resolved: reply(int.from_bytes(packet[:2])))
    if body.startswith(b"size "):
        body += bytes(int(body[5:]) - len(packet))
    return packet[:2] + bytes((packet[2] | 0x80,)) + packet[3:12] + body, b"\0\1\0\1"


def question(number: int, body: bytes = b"body") -> bytes:
    """A packet with this id and body."""
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + body


def reply(number: int, body: bytes = b"body") -> bytes:
    """What echo makes of the question."""
    return struct.pack(">HHHHHH", number, 0x8100, 1, 0, 0, 0) + body


@pytest.fixture
def ask() -> Callable[..., bytes]:
    return question


@pytest.fixture
def answered() -> Callable[..., bytes]:
    return reply


@pytest.fixture
def respond():
    return echo


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def catalog() -> Catalog:
    """An empty catalog of cluster.local."""
    return Catalog([name_from_text("cluster.local.")], ["10.0.0.0/8"], ["192.0.2.53"])


@pytest.fixture
def register(catalog):
    """Puts an endpoint into the catalog; returns the delta."""

    def put(revision: int, number: int, address: str | None = None, service: str = "web") -> Delta:
        endpoint = Endpoint("default", service, f"web-{number}", (address or f"10.0.{number >> 8}.{number & 255}",))
        return catalog.apply(Change(revision, (Service("default", service, declared=False), endpoint)))

    return put


@pytest.fixture
def resolve():
    """The addresses that a table gives for a name, asked by the real respond."""

    def addresses(table: Table, name: str) -> set[str]:
        packet = question(1, name_from_text(name) + b"\0\1\0\1")
        outcome = respond_really(packet, b"\x7f\0\0\1", 0, table, Terms(is_tcp=True))
        message = dns.message.from_wire(outcome[0])
        return {record.address for rrset in message.answer for record in rrset}

    return addresses


@pytest.fixture
def pair():
    """Both ends of a feed."""
    ours, theirs = feed_pair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def until():
    return eventually
