"""The question scanner: reads a query's header, question and records. Follows no compression pointer, ever.

Invariant: work is linear in the packet's size, whatever the packet says of itself.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import product

from dnsd.answer.edns import DO, Edns, read_edns
from dnsd.model.errors import MalformedOpt, MalformedQuery
from dnsd.model.message import Opcode, RRType
from dnsd.model.names import LABEL_OCTETS_MAX, NAME_OCTETS_MAX, Name

HEADER_OCTETS = 12
POINTER = 0xC0
_COUNTS = struct.Struct(">HHHH")
_FIXED = struct.Struct(">HHIH")

PLAIN: dict[bytes, int] = {
    bytes((rd, ad | cd, 0, 1, 0, 0, 0, 0, 0, opt)): rd | opt << 1
    for rd, ad, cd, opt in product((0, 1), (0, 0x20), (0, 0x10), (0, 1))
}
"""Header octets 2 to 11 of the queries that take the fast way -> index of the reply's head: RD, plus 2 with an OPT."""


@dataclass(frozen=True, slots=True)
class Query:
    """A readable query. ``owner``: the name asked for, folded; ``question``: the question's octets as sent;
    ``key``: its type and class; ``edns``: its OPT record, if it has one; ``tsig_at``: where its TSIG record starts, 0
    when it has none.
    """

    is_rd: bool
    owner: Name
    question: bytes
    key: bytes
    edns: Edns | None
    tsig_at: int = 0

    @property
    def qtype(self) -> int:
        """The type asked for."""
        return int.from_bytes(self.key[:2])

    @property
    def qclass(self) -> int:
        """The class asked for."""
        return int.from_bytes(self.key[2:])


def read_query(packet: bytes) -> Query:
    """The query in a packet of at least 12 octets. Raises MalformedQuery.

    No question or several, names cut short, pointers, label types 0x40 and 0x80, names above 255 octets, records cut
    short, an OPT that is second, elsewhere or not the root's (MalformedOpt, as for options that do not fit it), and
    octets behind the last record are malformed.
    """
    questions, answers, authorities, additionals = _COUNTS.unpack_from(packet, 4)
    if questions != 1:
        raise MalformedQuery("not one question (RFC 9619)")
    end = question_name_end(packet)
    if len(packet) < end + 4:
        raise MalformedQuery("question cut short")
    key = packet[end : end + 4]
    if is_query(packet) and (answers or (authorities and key[:2] != _IXFR)):
        raise MalformedQuery("records before the additional section")
    edns, tsig_at = _read_records(packet, end + 4, answers + authorities, additionals)
    owner, question = packet[HEADER_OCTETS:end].lower(), packet[HEADER_OCTETS : end + 4]
    return Query(bool(packet[2] & 1), owner, question, key, edns, tsig_at)


def read_bare_edns(packet: bytes) -> Edns | None:
    """The OPT of a packet without a question (RFC 7873 5.4). Raises MalformedQuery."""
    _, answers, authorities, additionals = _COUNTS.unpack_from(packet, 4)
    return _read_records(packet, HEADER_OCTETS, answers + authorities, additionals)[0]


def is_query(packet: bytes) -> bool:
    """True when the opcode is QUERY."""
    return packet[2] >> 3 & 15 == Opcode.QUERY


def question_of(packet: bytes) -> bytes:
    """The question's octets, nothing when there is none. Raises MalformedQuery when it cannot be read."""
    return packet[HEADER_OCTETS : question_name_end(packet) + 4] if packet[4:6] != b"\0\0" else b""


def question_name_end(packet: bytes) -> int:
    """Where the question's name ends, its root octet included. Raises MalformedQuery."""
    at = HEADER_OCTETS
    while at < len(packet):
        length = packet[at]
        at += 1 + length
        if not length:
            if at - HEADER_OCTETS > NAME_OCTETS_MAX:
                raise MalformedQuery("name above 255 octets")
            return at
        if length > LABEL_OCTETS_MAX:
            raise MalformedQuery("pointer or unknown label type in the question's name")
    raise MalformedQuery("name cut short")


_SOA_NUMBERS_OCTETS = 20
_SOA_OCTETS_LEAST = 22
_IXFR = RRType.IXFR.to_bytes(2)


def soa_serial_in_authority(packet: bytes) -> int:
    """The serial that a readable IXFR query says its sender has (RFC 1995 3). Raises MalformedQuery without one."""
    _, _, authorities, _ = _COUNTS.unpack_from(packet, 4)
    owner_end = _skip_name(packet, question_name_end(packet) + 4) if authorities == 1 else len(packet)
    if len(packet) >= owner_end + _FIXED.size:
        rtype, _, _, length = _FIXED.unpack_from(packet, owner_end)
        end = owner_end + _FIXED.size + length
        if rtype == RRType.SOA and length >= _SOA_OCTETS_LEAST and end <= len(packet):
            # The names before it may be compressed; the numbers end the RDATA.
            return int.from_bytes(packet[end - _SOA_NUMBERS_OCTETS : end - _SOA_NUMBERS_OCTETS + 4])
    raise MalformedQuery("an IXFR without one SOA in its authority section")


def _read_records(packet: bytes, at: int, before: int, additionals: int) -> tuple[Edns | None, int]:
    """Walk over all records to the packet's very end; returns the OPT and where a TSIG starts, if they are there."""
    edns, tsig_at = None, 0
    for index in range(before + additionals):
        owner_end = _skip_name(packet, at)
        if len(packet) < owner_end + _FIXED.size:
            raise MalformedQuery("record cut short")
        rtype, rclass, ttl, length = _FIXED.unpack_from(packet, owner_end)
        start, end = owner_end + _FIXED.size, owner_end + _FIXED.size + length
        if end > len(packet):
            raise MalformedQuery("RDATA cut short")
        if rtype == RRType.OPT:
            if edns is not None or index < before or owner_end != at + 1:
                what = "an OPT that is second, not additional or not the root's (RFC 6891 6.1.1)"
                raise MalformedOpt(what, bool(ttl & DO))
            edns = read_edns(rclass, ttl, packet[start:end])
        if rtype == RRType.TSIG:
            if index != before + additionals - 1 or index < before:
                raise MalformedQuery("a TSIG that is not the last additional record (RFC 8945 5.1)")
            tsig_at = at
        at = end
    if at != len(packet):
        raise MalformedQuery("octets behind the last record")
    return edns, tsig_at


def _skip_name(packet: bytes, at: int) -> int:
    """Where a record's owner ends; a pointer ends it and is not followed."""
    start = at
    while at < len(packet) and at - start <= NAME_OCTETS_MAX:
        length = packet[at]
        if length >= POINTER:
            return at + 2
        if length > LABEL_OCTETS_MAX:
            break
        at += 1 + length
        if not length:
            return at
    raise MalformedQuery("owner of a record cut short, too long or of an unknown label type")
