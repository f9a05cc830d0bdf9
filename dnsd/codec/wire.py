"""The one door to dnslib: whole messages between octets and plain values, and the names of types and codes.

Invariant: neither a type nor an exception of dnslib leaves this module. Names are read here, because dnslib lets labels
of type 0x40 and names above 255 octets pass, and refuses octets above 127.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dnslib
from dnslib.bimap import BimapError
from dnslib.buffer import Buffer
from dnslib.buffer import BufferError as ForeignBufferError
from dnslib.label import DNSBuffer, DNSLabelError

from dnsd.codec.fields import HostName
from dnsd.codec.record_types import SHAPES
from dnsd.model.errors import MalformedQuery
from dnsd.model.message import UDP_PAYLOAD_DEFAULT, RRClass, RRType
from dnsd.model.names import LABEL_OCTETS_MAX, NAME_OCTETS_MAX, Name, labels_of

FLAGS = ("qr", "aa", "tc", "rd", "ra", "ad", "cd")
_POINTERS_MOST = 127
_RCODES = {9: "NOTAUTH", 10: "NOTZONE", 11: "DSOTYPENI", 16: "BADVERS", 17: "BADKEY", 18: "BADTIME", 23: "BADCOOKIE"}
_OPCODES = {4: "NOTIFY", 5: "UPDATE", 6: "DSO"}
_CLASSES = {1: "IN", 3: "CH", 4: "HS", 254: "NONE", 255: "ANY"}
_TYPES: dict[int, str] = {number: name for number, name in dnslib.QTYPE.forward.items() if number != 53} | {
    53: "SMIMEA"
}
_TYPE_NUMBERS: dict[str, int] = {name: number for number, name in _TYPES.items()}
_POINTER = 0xC0
_FOREIGN = (
    dnslib.DNSError,
    BimapError,
    DNSLabelError,
    struct.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the name in wire form as sent, type and class as numbers."""

    qname: Name
    qtype: int
    qclass: int


@dataclass(frozen=True, slots=True)
class Answered:
    """One record of a reply: owner as sent, RDATA with its names uncompressed."""

    owner: Name
    rtype: int
    rclass: int
    ttl: int
    rdata: bytes


@dataclass(frozen=True, slots=True)
class Edns:
    """An OPT record (RFC 6891): the sender's payload size, version, DO, and options as (code, octets)."""

    payload: int
    version: int
    dnssec_ok: bool
    options: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A DNS message in plain values. ``flags`` are those of ``FLAGS`` that are set; ``rcode`` has OPT's upper bits."""

    id: int
    opcode: int
    rcode: int
    flags: frozenset[str]
    questions: tuple[Question, ...]
    answer: tuple[Answered, ...]
    authority: tuple[Answered, ...]
    additional: tuple[Answered, ...]
    edns: Edns | None


def type_from_text(text: str) -> int:
    """Number of a type by name or as ``TYPE123`` (RFC 3597 5), in either case. ValueError when it is neither."""
    upper = text.upper()
    if upper in _TYPE_NUMBERS:
        return _TYPE_NUMBERS[upper]
    digits = upper.removeprefix("TYPE")
    if digits != upper and digits.isascii() and digits.isdigit() and len(digits) <= 5 and int(digits) <= 65_535:
        return int(digits)
    raise ValueError(f"{text!r} is not a record type: a name such as SRV, or TYPE with a number up to 65535")


def type_to_text(rtype: int) -> str:
    """Name of a type, ``TYPE123`` when it has none."""
    return _TYPES.get(rtype, f"TYPE{rtype}")


def class_to_text(rclass: int) -> str:
    """Name of a class, ``CLASS123`` when it has none."""
    return _CLASSES.get(rclass, f"CLASS{rclass}")


def rcode_to_text(rcode: int) -> str:
    """Name of a response code, ``RCODE12`` when it has none."""
    return _RCODES.get(rcode) or dnslib.RCODE.forward.get(rcode) or f"RCODE{rcode}"


def opcode_to_text(opcode: int) -> str:
    """Name of an opcode, ``OPCODE12`` when it has none."""
    return _OPCODES.get(opcode) or dnslib.OPCODE.forward.get(opcode) or f"OPCODE{opcode}"


def query_packet(
    message_id: int,
    qname: Name,
    qtype: int,
    *,
    recursion: bool = True,
    payload: int | None = UDP_PAYLOAD_DEFAULT,
    dnssec_ok: bool = False,
) -> bytes:
    """A query of class IN; ``payload`` None: without EDNS."""
    record = dnslib.DNSRecord(dnslib.DNSHeader(id=message_id, rd=int(recursion), bitmap=0))
    record.add_question(dnslib.DNSQuestion(_label(qname), int(qtype), int(RRClass.IN)))
    if payload is not None:
        record.add_ar(dnslib.EDNS0(_label(b"\0"), udp_len=payload, flags="do" if dnssec_ok else ""))
    return bytes(record.pack())


def read_message(packet: bytes) -> Message:
    """A message of any kind, read whole. Raises MalformedQuery, whatever the octets are."""
    with _errors_as(MalformedQuery):
        buffer = Buffer(packet)
        header = dnslib.DNSHeader.parse(buffer)
        questions = tuple(Question(_name(buffer), *buffer.unpack("!HH")) for _ in range(header.q))
        found: list[_Opt] = []
        answer, authority, additional = (
            tuple(_records(buffer, count, found)) for count in (header.a, header.auth, header.ar)
        )
        if buffer.remaining():
            raise MalformedQuery(f"{buffer.remaining()} octets behind the message")
        if len(found) > 1:
            raise MalformedQuery("more than one OPT record (RFC 6891 6.1.1)")
    opt = found[0] if found else _Opt(None, 0)
    return Message(
        id=header.id,
        opcode=header.opcode,
        rcode=opt.upper_rcode << 4 | header.rcode,
        flags=frozenset(flag for flag in FLAGS if getattr(header, flag)),
        questions=questions,
        answer=answer,
        authority=authority,
        additional=additional,
        edns=opt.edns,
    )


def special_to_text(rtype: int, rdata: bytes) -> str | None:
    """Text of RDATA that is more than a row of fields (RRSIG, NSEC); None for other types and bad data."""
    shown = _SHOWN.get(rtype)
    try:
        with _errors_as(ValueError):
            return None if shown is None else shown(rdata)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Opt:
    edns: Edns | None
    upper_rcode: int


@contextmanager
def _errors_as(ours: type[Exception]) -> Iterator[None]:
    """Everything that dnslib is known to raise comes out as one of our errors."""
    try:
        yield
    except ours:
        raise
    except (IndexError, ForeignBufferError):
        raise ours("it ends too early") from None
    except _FOREIGN as fault:
        raise ours(str(fault) or type(fault).__name__) from None


def _label(name: Name) -> dnslib.DNSLabel:
    """A name of dnslib with exactly these labels: text would go through its IDNA codec."""
    return dnslib.DNSLabel(list(labels_of(name)))


def _name(buffer: Buffer) -> Name:
    """The name at the buffer's offset, pointers followed backwards only, and a bounded number of them."""
    octets, at, end, pointers = buffer.data, buffer.offset, 0, 0
    name = bytearray()
    while length := octets[at]:
        if length >= _POINTER:
            target = (length & 0x3F) << 8 | octets[at + 1]
            end = end or at + 2
            pointers += 1
            if target >= at or pointers > _POINTERS_MOST:
                raise MalformedQuery("a compression pointer that does not point back")
            at = target
            continue
        if length > LABEL_OCTETS_MAX:
            raise MalformedQuery(f"a label of type {length >> 6:#x}")
        name += octets[at : at + 1 + length]
        at += 1 + length
        if len(name) >= NAME_OCTETS_MAX:
            raise MalformedQuery(f"a name longer than {NAME_OCTETS_MAX} octets")
    buffer.offset = end or at + 1
    return bytes(name) + b"\0"


def _records(buffer: Buffer, count: int, found: list[_Opt]) -> Iterator[Answered]:
    """The records of one section; OPT goes to ``found``."""
    for _ in range(count):
        owner = _name(buffer)
        rtype, rclass, ttl, length = buffer.unpack("!HHIH")
        if rtype == RRType.OPT:
            options = tuple(_options(Buffer(buffer.get(length))))
            found.append(_Opt(Edns(rclass, ttl >> 16 & 0xFF, bool(ttl & 0x8000), options), ttl >> 24))
        else:
            yield Answered(owner, rtype, rclass, ttl, _rdata(buffer, rtype, length))


def _options(buffer: Buffer) -> Iterator[tuple[int, bytes]]:
    while buffer.remaining():
        code, length = buffer.unpack("!HH")
        yield code, buffer.get(length)


def _rdata(buffer: Buffer, rtype: int, length: int) -> bytes:
    """RDATA with its names uncompressed."""
    end = buffer.offset + length
    if end > len(buffer.data):
        raise MalformedQuery("the message ends inside a record")
    if rtype not in SHAPES or length == 0:
        return bytes(buffer.get(length))
    parts = []
    for field in SHAPES[rtype]:
        if isinstance(field, HostName):
            parts.append(_name(buffer))
        else:
            parts.append(buffer.get(field.end(bytes(buffer.data[buffer.offset : end]), 0)))
    if buffer.offset != end:
        raise MalformedQuery(f"the data of a {type_to_text(rtype)} record does not fit its length")
    return b"".join(parts)


def _shown_by_class(kind: Any) -> Callable[[bytes], str]:
    return lambda rdata: str(kind.parse(DNSBuffer(rdata), len(rdata)).toZone())


_SHOWN = {
    46: _shown_by_class(dnslib.RRSIG),
    47: _shown_by_class(dnslib.NSEC),
}
