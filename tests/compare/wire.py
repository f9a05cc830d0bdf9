"""Questions by the thousand to one server, and what its replies say: a reader of its own, so that nothing is shared
with what it judges.
"""

import select
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

NS, CNAME, SOA, PTR, MX, SRV, DNAME, ANY = 2, 5, 6, 12, 15, 33, 39, 255
WINDOW = 64
SECONDS = 2.0
TRIES = 8
_FIXED = struct.Struct(">HHIH")
_OPT = b"\0\0\x29\x10\0\0\0\0\0\0\0"
_NAMES_AT = {NS: (0, 1), CNAME: (0, 1), PTR: (0, 1), DNAME: (0, 1), SOA: (0, 2), MX: (2, 1), SRV: (6, 1)}
"""Types with names in their RDATA -> octets before the names, and how many names there are."""

Question = tuple[bytes, int]
"""A name in wire form, as it is sent, and a type."""
Record = tuple[bytes, int, int, bytes]
"""Owner in lower case, type, TTL, RDATA with its names written out in lower case."""


class Summary(NamedTuple):
    """What counts of a reply: all of it but the order and the additional section."""

    rcode: int
    is_authoritative: bool
    answer: tuple[Record, ...]
    authority: tuple[Record, ...]
    is_truncated: bool


def packet(number: int, question: Question) -> bytes:
    """The query with this id, with EDNS and room for 4096 octets."""
    name, rtype = question
    head = struct.pack(">HHHHHH", number, 0, 1, 0, 0, 1)
    return head + name + struct.pack(">HH", rtype, 1) + _OPT


@lru_cache(1 << 14)
def summary(reply: bytes) -> Summary:
    """What a reply says; what came over UDP is not read again when it comes over TCP."""
    _, flags, questions, answers, authorities, _ = struct.unpack_from(">HHHHHH", reply)
    at = 12
    for _ in range(questions):
        at = _name(reply, at)[1] + 4
    answer, at = _records(reply, at, answers)
    authority, _ = _records(reply, at, authorities)
    return Summary(flags & 15, bool(flags & 0x400), answer, authority, bool(flags & 0x200))


def _records(reply: bytes, at: int, number: int) -> tuple[tuple[Record, ...], int]:
    found = []
    for _ in range(number):
        owner, at = _name(reply, at)
        rtype, _, ttl, length = _FIXED.unpack_from(reply, at)
        at += _FIXED.size
        found.append((owner, rtype, ttl, _rdata(reply, at, length, rtype)))
        at += length
    return tuple(sorted(found)), at


def _rdata(reply: bytes, at: int, length: int, rtype: int) -> bytes:
    if rtype not in _NAMES_AT:
        return reply[at : at + length]
    before, names = _NAMES_AT[rtype]
    parts, end, at = [reply[at : at + before]], at + length, at + before
    for _ in range(names):
        name, at = _name(reply, at)
        parts.append(name)
    return b"".join((*parts, reply[at:end]))


def _name(reply: bytes, at: int) -> tuple[bytes, int]:
    parts, end = [], 0
    while length := reply[at]:
        if length >= 0xC0:
            end = end or at + 2
            at = int.from_bytes(reply[at : at + 2]) & 0x3FFF
        else:
            parts.append(reply[at : at + 1 + length])
            at += 1 + length
    return b"".join((*parts, b"\0")).lower(), end or at + 1


def ask_udp(port: int, questions: Sequence[Question]) -> list[Summary]:
    """The summary of each reply over UDP; what gets lost is asked again. A reply must echo its question."""
    found: dict[int, Summary] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        door.connect(("127.0.0.1", port))
        for start in range(0, len(questions), WINDOW):
            waiting = set(range(start, min(start + WINDOW, len(questions))))
            for _ in range(TRIES):
                for number in waiting:
                    door.send(packet(number & 0xFFFF, questions[number]))
                for reply in _arriving(door, waiting):
                    number = start + ((int.from_bytes(reply[:2]) - start) & 0xFFFF)
                    if number in waiting:
                        waiting.remove(number)
                        found[number] = _checked(reply, questions[number])
                if not waiting:
                    break
            assert not waiting, f"no reply from port {port} to {questions[min(waiting)]}"
    return [found[number] for number in range(len(questions))]


def _arriving(door: socket.socket, waiting: set[int]) -> Iterator[bytes]:
    while waiting and select.select([door], [], [], SECONDS)[0]:
        yield door.recv(65_535)


def ask_tcp(port: int, questions: Sequence[Question]) -> list[Summary]:
    """The same over TCP: many questions under way on one connection, replies in any order."""
    found: dict[int, Summary] = {}
    for start in range(0, len(questions), 2000):
        with socket.create_connection(("127.0.0.1", port), 20) as door, door.makefile("rb") as stream:
            for first in range(start, min(start + 2000, len(questions)), WINDOW):
                waiting = set(range(first, min(first + WINDOW, start + 2000, len(questions))))
                packets = [packet(number & 0xFFFF, questions[number]) for number in sorted(waiting)]
                door.sendall(b"".join(len(each).to_bytes(2) + each for each in packets))
                _acknowledge_at_once(door)
                while waiting:
                    reply = stream.read(int.from_bytes(stream.read(2)))
                    assert reply, f"port {port} closes the connection"
                    number = first + ((int.from_bytes(reply[:2]) - first) & 0xFFFF)
                    waiting.remove(number)
                    found[number] = _checked(reply, questions[number])
    return [found[number] for number in range(len(questions))]


def _acknowledge_at_once(door: socket.socket) -> None:
    """Else a server that puts small replies together (Nagle) waits 40 ms for what we delay, in every window."""
    if sys.platform == "linux":
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _checked(reply: bytes, question: Question) -> Summary:
    name, rtype = question
    echoed = name + rtype.to_bytes(2)
    assert reply[12 : 12 + len(echoed)].lower() == echoed.lower(), (reply, question)
    return summary(b"\0\0" + reply[2:])
