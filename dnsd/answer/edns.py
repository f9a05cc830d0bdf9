"""EDNS (RFC 6891): the OPT record of a query read, that of a reply written."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from dnsd.model.errors import MalformedOpt
from dnsd.model.message import ExtendedError, Option, RRType

DO = 0x8000
OPT_OCTETS = 11
_OPT = struct.Struct(">xHHBBHH")
_OPTION = struct.Struct(">HH")
CLIENT_COOKIE_OCTETS, SERVER_COOKIE_OCTETS = 8, 16
COOKIE_OCTETS = CLIENT_COOKIE_OCTETS + SERVER_COOKIE_OCTETS
"""Of a cookie that we gave (RFC 9018 4); of others' the next line."""
COOKIE_OCTETS_LEAST, COOKIE_OCTETS_MOST = 16, 40
PADDED_OCTETS = 468
"""What is padded is a multiple of this (RFC 8467 4.1)."""


@dataclass(frozen=True, slots=True)
class Edns:
    """A query's OPT: the payload its sender takes, its version, its DO flag, its cookie (8 or 16 to 40 octets), and
    whether it was padded.
    """

    payload: int
    version: int
    is_do: bool
    cookie: bytes | None = None
    is_padded: bool = False


def read_edns(payload: int, ttl: int, rdata: bytes) -> Edns:
    """The OPT whose class, TTL and RDATA these are. Raises MalformedOpt when its options do not fit it.

    Unknown options and flags are ignored (RFC 6891 6.1.2); of cookies the first counts (RFC 7873 5.2). What stands in
    the options of a version we do not speak is not ours to judge (RFC 6891 6.1.3).
    """
    cookie, is_padded, version, is_do = None, False, ttl >> 16 & 0xFF, bool(ttl & DO)
    if version:
        return Edns(payload, version, is_do)
    for code, content in _options(rdata, is_do):
        if code == Option.COOKIE and cookie is None:
            cookie = content
            if len(cookie) != CLIENT_COOKIE_OCTETS and not COOKIE_OCTETS_LEAST <= len(cookie) <= COOKIE_OCTETS_MOST:
                raise MalformedOpt("cookie of a length that cannot be (RFC 7873 5.2.2)", is_do)
        is_padded |= code == Option.PADDING
    return Edns(payload, version, is_do, cookie, is_padded)


def opt_octets(payload: int, is_do: bool, options: bytes = b"", rcode: int = 0) -> bytes:
    """The OPT of a reply: our payload, version 0, DO as in the query (RFC 3225 3), the high bits of ``rcode``."""
    return _OPT.pack(RRType.OPT, payload, rcode >> 4, 0, DO if is_do else 0, len(options)) + options


def option_octets(code: int, content: bytes) -> bytes:
    """One option of an OPT (RFC 6891 6.1.2)."""
    return _OPTION.pack(code, len(content)) + content


def extended_error(code: ExtendedError, text: str = "") -> bytes:
    """The extended error option (RFC 8914 2): why, for the person who asked."""
    return option_octets(Option.EXTENDED_ERROR, code.to_bytes(2) + text.encode())


def padded(reply: bytes, opt: bytes, limit: int) -> bytes:
    """The reply, which ends with ``opt``, padded (RFC 7830) to ``limit`` octets at most: its size shall tell little."""
    octets = len(reply) + _OPTION.size
    wanted = min(-(-octets // PADDED_OCTETS) * PADDED_OCTETS, limit)
    if wanted < octets:
        return reply
    options = opt[OPT_OCTETS:] + option_octets(Option.PADDING, bytes(wanted - octets))
    return reply[: -len(opt)] + opt[: OPT_OCTETS - 2] + len(options).to_bytes(2) + options


def _options(rdata: bytes, is_do: bool) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(rdata):
        if len(rdata) < at + _OPTION.size:
            raise MalformedOpt("EDNS option cut short", is_do)
        code, length = _OPTION.unpack_from(rdata, at)
        at += _OPTION.size
        if len(rdata) < at + length:
            raise MalformedOpt("EDNS option longer than its OPT", is_do)
        yield code, rdata[at : at + length]
        at += length
