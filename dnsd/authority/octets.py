"""The octets that replies are joined from: heads of headers, ends of questions, records.

Every record of a compiled RRset has the two octets ``C0 0C`` for its owner, a pointer to the question, which stands at
offset 12 of every message (RFC 1035 4.1.4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache

from dnsd.model.message import RRClass

HEADER_OCTETS = 12
QUESTION_TAIL_OCTETS = 4
OWNER_POINTER = b"\xc0\x0c"
RD = 0x0100
AA = 0x0400
QR = 0x8000
_HEAD = struct.Struct(">HHHHH")
_KEY = struct.Struct(">HH")
_RECORD = struct.Struct(">HHIH")
_IN = int(RRClass.IN)


@lru_cache(maxsize=256)
def question_key(rtype: int, rclass: int = RRClass.IN) -> bytes:
    """Type and class as the four octets that end a question; answers are found by them."""
    return _KEY.pack(rtype, rclass)


@lru_cache(maxsize=4096)
def heads(answers: int, authorities: int, additionals: int, rcode: int = 0, flags: int = QR | AA) -> tuple[bytes, ...]:
    """Header octets 2 to 11 for a reply: without and with RD, then the same with one OPT record more."""
    return tuple(
        _HEAD.pack(flags | rd | rcode, 1, answers, authorities, additionals + opt) for opt in (0, 1) for rd in (0, RD)
    )


def record_octets(owner: bytes, rtype: int, ttl: int, rdata: bytes) -> bytes:
    """One resource record (RFC 1035 4.1.3); ``owner`` is a name or a compression pointer."""
    return owner + _RECORD.pack(rtype, _IN, ttl, len(rdata)) + rdata


def records_of(section: bytes) -> Iterator[bytes]:
    """The records of a section whose owners are all pointers of two octets, one by one."""
    at = 0
    while at < len(section):
        end = at + 12 + int.from_bytes(section[at + 10 : at + 12])
        yield section[at:end]
        at = end
