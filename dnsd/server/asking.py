"""How a door asks ``respond``: its signature, and what is said when it fails, which it never should."""

from __future__ import annotations

import logging
from collections.abc import Callable

from dnsd.answer.terms import Terms
from dnsd.authority.table import Table
from dnsd.model.message import Drop, Outcome, Rcode, Reply
from dnsd.runtime.log import Once
from dnsd.server.tally import Tally

Respond = Callable[[bytes, bytes, int, Table, Terms], Outcome]
"""Packet, peer's address octets, 32 random bits, table, terms."""
SILENCE: Reply = (b"", b"")
"""No reply to no question."""

_HEADER_OCTETS = 12
_PACKET_OCTETS_SHOWN = 128
_QR = 0x80
_OPCODE_AND_RD = 0x79
_once = Once(logging.getLogger("dnsd.server"))


def silence(drop: Drop | object, tally: Tally) -> Reply:
    """Count an outcome that is no reply. Without upstreams a ``Forward`` is one too: nobody else can be asked."""
    tally.dropped(drop.reason if isinstance(drop, Drop) else "forward")
    return SILENCE


def servfail(packet: bytes, fault: Exception, tally: Tally) -> Reply:
    """SERVFAIL, header only, for a packet on which ``respond`` failed; logged with the packet once a minute a place."""
    tally.failed()
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
    shown = packet[:_PACKET_OCTETS_SHOWN].hex() + ("…" if len(packet) > _PACKET_OCTETS_SHOWN else "")
    _once.warning(place, "%s at %s while answering a packet of %d octets: %s", repr(fault), place, len(packet), shown)
    if len(packet) < _HEADER_OCTETS or packet[2] & _QR:
        return SILENCE
    return packet[:2] + bytes((_QR | packet[2] & _OPCODE_AND_RD, Rcode.SERVFAIL)) + bytes(8), b""
