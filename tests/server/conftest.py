"""What the tests of the DNS door share: a table, a respond of a few lines, questions."""

import struct
from collections.abc import Callable

import pytest

from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.model.message import Drop, Forward, Outcome


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
        return Forward(packet)
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
