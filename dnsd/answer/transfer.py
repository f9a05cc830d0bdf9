"""Zone transfers: a whole zone (AXFR, RFC 5936) or what changed in it (IXFR, RFC 1995), message by message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dnsd.answer.allowed import Allowed
from dnsd.answer.draft import Draft, refusal
from dnsd.answer.scan import Query, soa_serial_in_authority
from dnsd.authority.export import Snapshot, soa_record
from dnsd.authority.journal import Difference
from dnsd.authority.octets import AA, QR, heads
from dnsd.authority.table import Table
from dnsd.model.message import ExtendedError, Rcode, RRType
from dnsd.model.names import Name

MESSAGE_OCTETS = 16_000
"""Of records in one message: sensible for pointers and buffers; one record may exceed it."""
NODES_A_BREATH = 2_000
_HALF = 1 << 31


def refused(query: Query, peer: bytes, key_name: Name, allowed: Allowed, table: Table, is_tcp: bool) -> Draft | None:
    """The draft that refuses this transfer, or None when it is to be given."""
    if not allowed.has(peer, key_name) or (query.qtype == RRType.AXFR and not is_tcp):
        return Draft(Rcode.REFUSED, is_authoritative=False, reason=ExtendedError.PROHIBITED)
    if query.owner not in table.zones:
        return refusal(Rcode.NOTAUTH)
    return None


def current(query: Query, packet: bytes, table: Table, is_tcp: bool) -> Draft | None:
    """The single SOA that answers an IXFR of whoever is up to date, and every one over UDP (RFC 1995 2 and 4).

    Raises MalformedQuery for an IXFR that does not say what it has.
    """
    if query.qtype != RRType.IXFR:
        return None
    zone = table.zones[query.owner]
    behind = (zone.soa.serial - soa_serial_in_authority(packet)) & 0xFFFFFFFF
    if is_tcp and 0 < behind < _HALF:
        return None
    section = zone.soa_answer.section
    return Draft(answers=section, stable=section, answer_count=1)


def messages(query: Query, packet: bytes, table: Table, opt: bytes) -> Iterator[bytes]:
    """The messages of the transfer, made as they are drawn; an empty one is a breath. ``opt`` goes into the first.

    The zone is read at once: what changes meanwhile is not in it.
    """
    if query.qtype == RRType.IXFR and table.journal is not None:
        serial = soa_serial_in_authority(packet)
        difference = table.journal.since(query.owner, serial)
        if difference is not None:
            rows = _incremental(soa_record(table.zones[query.owner]), difference, serial)
            return _packed(rows, packet, query, opt)
    return _packed(_whole(Snapshot(table, query.owner)), packet, query, opt)


def _whole(snapshot: Snapshot) -> Iterator[list[bytes]]:
    yield [snapshot.soa]
    yield from snapshot.records()
    yield [snapshot.soa]


def _incremental(new: bytes, difference: Difference, serial: int) -> Iterator[list[bytes]]:
    """One difference sequence between two SOA records of the new version, ``new`` (RFC 1995 4)."""
    # Serial and four times end the SOA's RDATA; nothing else of it ever changes without forgetting the journal.
    old = new[:-20] + serial.to_bytes(4) + new[-16:]
    yield [new, old]
    yield from ([record] for record in difference.removed)
    yield [new]
    yield from ([record] for record in difference.added)
    yield [new]


def _packed(rows: Iterable[list[bytes]], packet: bytes, query: Query, opt: bytes) -> Iterator[bytes]:
    """Messages of some 16,000 octets; the first has the question (RFC 5936 2.2.1)."""
    question = query.question
    waiting: list[bytes] = []
    octets = seen = 0
    for row in rows:
        seen += 1
        for record in row:
            if octets + len(record) > MESSAGE_OCTETS and waiting:
                yield _message(packet, query, question, waiting, opt)
                waiting, octets, question, opt, seen = [], 0, b"", b"", 0
            waiting.append(record)
            octets += len(record)
        if seen >= NODES_A_BREATH:
            seen = 0
            yield b""
    yield _message(packet, query, question, waiting, opt)


def _message(packet: bytes, query: Query, question: bytes, records: list[bytes], opt: bytes) -> bytes:
    head = heads(len(records), 0, 0, flags=QR | AA)[query.is_rd + 2 * bool(opt)]
    if not question:
        head = head[:2] + b"\0\0" + head[4:]
    return b"".join((packet[:2], head, question, *records, opt))
