"""Queries and replies on real sockets, for the plays of connections."""

import socket
import struct

from dnsd.model.names import name_from_text

NAME = "web.default.svc.cluster.local"
LARGE = "large.default.svc.cluster.local"
SECONDS = 20.0


def query(number: int, name: str = NAME, rtype: int = 1) -> bytes:
    """A query without EDNS, its id ``number``."""
    return struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + name_from_text(name) + struct.pack(">HH", rtype, 1)


def framed(packet: bytes) -> bytes:
    """The packet behind its length."""
    return len(packet).to_bytes(2) + packet


def read(door: socket.socket, number: int) -> list[bytes]:
    """So many replies."""
    with door.makefile("rb") as stream:
        return [stream.read(int.from_bytes(stream.read(2))) for _ in range(number)]


def is_answer(reply: bytes, number: int) -> bool:
    """True for a good answer with one record to the query of this id."""
    return reply[:2] == number.to_bytes(2) and bool(reply[2] & 0x84) and reply[6:8] == b"\0\1" and not reply[3] & 15
