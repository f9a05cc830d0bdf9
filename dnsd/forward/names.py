"""Names in a foreign message, compression undone (RFC 1035 4.1.4).

Invariant: a pointer leads only backwards, so work is bounded by the name's 255 octets, whatever the message says.
"""

from __future__ import annotations

from dnsd.model.errors import DnsdError
from dnsd.model.message import RRType
from dnsd.model.names import LABEL_OCTETS_MAX, NAME_OCTETS_MAX, Name

_POINTER = 0xC0
_SHAPES: dict[int, tuple[int, int, int]] = {
    **dict.fromkeys((RRType.NS, RRType.CNAME, RRType.PTR, RRType.DNAME, 3, 4, 7, 8, 9), (0, 1, 0)),
    **dict.fromkeys((RRType.MX, 18, 21, 36), (2, 1, 0)),
    **dict.fromkeys((14, 17), (0, 2, 0)),
    RRType.SOA: (0, 2, 20),
    RRType.SRV: (6, 1, 0),
    26: (2, 2, 0),
}
"""Types whose RDATA may have compressed names (RFC 3597 4): octets before them, how many, octets behind."""
_SIZES: dict[int, int] = {RRType.A: 4, RRType.AAAA: 16}


class MalformedReply(DnsdError):
    """A message of an upstream that cannot be read."""


def read_name(packet: bytes, at: int) -> tuple[Name, int]:
    """The name at ``at``, whole, and where what follows it begins. Raises MalformedReply."""
    labels: list[bytes] = []
    size, end, earliest = 1, 0, at
    while True:
        if at >= len(packet):
            raise MalformedReply("name cut short")
        length = packet[at]
        if length >= _POINTER:
            end = end or at + 2
            at = int.from_bytes(packet[at : at + 2]) & 0x3FFF
            if at >= earliest:
                raise MalformedReply("a pointer that does not lead back")
            earliest = at
            continue
        if length > LABEL_OCTETS_MAX:
            raise MalformedReply("unknown label type")
        size += 1 + length if length else 0
        if size > NAME_OCTETS_MAX:
            raise MalformedReply("name above 255 octets")
        labels.append(packet[at : at + 1 + length])
        at += 1 + length
        if not length:
            return b"".join(labels), end or at


def rdata_of(packet: bytes, rtype: int, start: int, end: int) -> bytes:
    """RDATA with its names whole. Raises MalformedReply when it cannot be of this type."""
    shape = _SHAPES.get(rtype)
    if shape is None:
        if _SIZES.get(rtype, end - start) != end - start:
            raise MalformedReply(f"an address of {end - start} octets")
        return packet[start:end]
    before, names, behind = shape
    parts = [packet[start : start + before]]
    at = start + before
    for _ in range(names):
        name, at = read_name(packet, at)
        parts.append(name)
    if at + behind != end:
        raise MalformedReply("RDATA that does not fit its type")
    parts.append(packet[at:end])
    return b"".join(parts)
