"""A reply for people, like a calm dig, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dnsd.cli.exchange import Exchanged
from dnsd.cli.output import plain
from dnsd.codec.record_text import record_document
from dnsd.codec.wire import FLAGS, Answered, Message, class_to_text, rcode_to_text, type_to_text
from dnsd.codec.zonefile_rdata import rdata_to_text
from dnsd.model.message import Option, Rcode, RRType
from dnsd.model.names import name_to_text

SECTIONS = ("answer", "authority", "additional")

_EXTENDED_ERRORS = {0: "other", 3: "stale answer", 14: "not ready", 18: "prohibited", 22: "no reachable authority"}


def reply_lines(exchanged: Exchanged) -> Iterator[str]:
    """Question, status and each section that is not empty; what is no record starts with a semicolon."""
    message = exchanged.message
    for question in message.questions:
        yield f"; {name_to_text(question.qname)} {type_to_text(question.qtype)}"
    flags = " ".join(flag for flag in FLAGS if flag in message.flags and flag != "qr")
    yield f"; {rcode_to_text(message.rcode)}{f', {flags}' if flags else ''}, {_way(exchanged)}"
    for code, text in _extended_errors(message):
        meaning = _EXTENDED_ERRORS.get(code, "see RFC 8914")
        yield f"; extended error {code} ({meaning}){f': {plain(text)}' if text else ''}"
    if why := empty_because(message):
        yield f"; {why}"
    for section in SECTIONS:
        records: tuple[Answered, ...] = getattr(message, section)
        if records:
            yield f"; {section}"
            yield from _columns(records)


def short_lines(message: Message) -> Iterator[str]:
    """The data of the answers alone."""
    for record in message.answer:
        yield rdata_to_text(record.rtype, record.rdata)


def reply_document(exchanged: Exchanged) -> dict[str, object]:
    """The same as JSON; names and data in master-file text."""
    message = exchanged.message
    question = message.questions[0] if message.questions else None
    return {
        "question": question
        and {
            "name": name_to_text(question.qname),
            "type": type_to_text(question.qtype),
            "class": class_to_text(question.qclass),
        },
        "status": rcode_to_text(message.rcode),
        "flags": [flag for flag in FLAGS if flag in message.flags],
        "extended_errors": [{"code": code, "text": text} for code, text in _extended_errors(message)],
        **{section: [record_document(record) for record in getattr(message, section)] for section in SECTIONS},
        "server": exchanged.server,
        "transport": exchanged.transport.lower(),
        "octets": exchanged.octets,
        "milliseconds": round(exchanged.seconds * 1000, 3),
    }


def empty_because(message: Message) -> str:
    """Why there is no answer, in words; empty when there is one."""
    if message.rcode == Rcode.NOERROR:
        if message.answer:
            return ""
        is_referral = any(record.rtype == RRType.NS for record in message.authority) and "aa" not in message.flags
        if is_referral:
            return "delegated: ask the servers named below"
        return "no data: the name exists, but not with this type"
    return _WHY.get(message.rcode, f"no answer: {rcode_to_text(message.rcode)}")


_WHY: dict[int, str] = {
    Rcode.NXDOMAIN: "no such name",
    Rcode.SERVFAIL: "the server cannot answer now",
    Rcode.REFUSED: "the server does not answer for this name",
}


def _way(exchanged: Exchanged) -> str:
    if exchanged.transport == "none":
        return f"from {exchanged.server}, {exchanged.octets} octets"
    took = f"{exchanged.seconds * 1000:.1f} ms"
    return f"{exchanged.transport} {exchanged.server}, {exchanged.octets} octets in {took}"


def _columns(records: Sequence[Answered]) -> Iterator[str]:
    rows = [
        (
            name_to_text(record.owner),
            str(record.ttl),
            class_to_text(record.rclass),
            type_to_text(record.rtype),
            rdata_to_text(record.rtype, record.rdata),
        )
        for record in records
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        yield " ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()


def _extended_errors(message: Message) -> list[tuple[int, str]]:
    """Code and text of RFC 8914 options."""
    options = message.edns.options if message.edns else ()
    return [
        (int.from_bytes(octets[:2], "big"), octets[2:].decode("utf-8", "replace"))
        for code, octets in options
        if code == Option.EXTENDED_ERROR and len(octets) >= 2
    ]
