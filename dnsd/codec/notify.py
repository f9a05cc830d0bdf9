"""NOTIFY messages (RFC 1996): "this zone has changed", and their acknowledgement."""

from __future__ import annotations

import struct

from dnsd.codec.tsig import SIGNATURE_OCTETS_MOST
from dnsd.model.message import UDP_PAYLOAD_LEAST, Opcode, RRClass, RRType
from dnsd.model.names import Name

_HEADER = struct.Struct(">HHHHHH")
_AA = 0x0400
_QUESTION_TAIL = struct.pack(">HH", RRType.SOA, RRClass.IN)


def notify_packet(ident: int, origin: Name, soa: bytes) -> bytes:
    """The message for the zone at ``origin``; ``soa``: its SOA record, the owner a pointer to the question.

    The record is a hint (RFC 1996 3.7): it is left out where it and a signature could exceed what UDP may carry.
    """
    question = origin + _QUESTION_TAIL
    has_hint = _HEADER.size + len(question) + len(soa) + SIGNATURE_OCTETS_MOST <= UDP_PAYLOAD_LEAST
    head = _HEADER.pack(ident, Opcode.NOTIFY << 11 | _AA, 1, has_hint, 0, 0)
    return head + question + (soa if has_hint else b"")


def acknowledged(packet: bytes) -> tuple[int, int] | None:
    """Id and rcode of a reply to a NOTIFY; None for anything else."""
    if len(packet) < _HEADER.size or packet[2] & 0x80 == 0 or packet[2] >> 3 & 15 != Opcode.NOTIFY:
        return None
    return int.from_bytes(packet[:2]), packet[3] & 15
