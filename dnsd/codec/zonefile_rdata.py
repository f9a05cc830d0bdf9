r"""Record data between master-file text and wire form: known types by their fields, any type as ``\# length hex``."""

from __future__ import annotations

import binascii

from dnsd.codec import wire
from dnsd.codec.record_types import SHAPES, split
from dnsd.codec.zonefile_tokens import Cursor

_RDATA_OCTETS_MAX = 65_535


def read_rdata(rtype: int, cursor: Cursor) -> bytes:
    """RDATA of ``rtype`` from the tokens that are left, all of them. ValueError says what is wrong."""
    token = cursor.peek()
    if token is not None and not token.is_quoted and token.text == r"\#":
        return _read_unknown(rtype, cursor)
    if rtype not in SHAPES:
        kind = wire.type_to_text(rtype)
        raise ValueError(rf"the data of {kind} can only be given as octets: {kind} \# LENGTH HEX (RFC 3597 5)")
    rdata = b"".join(field.read(cursor) for field in SHAPES[rtype])
    cursor.end()
    return _checked_length(rdata)


def rdata_to_text(rtype: int, rdata: bytes) -> str:
    r"""Master-file text of uncompressed RDATA; ``\# length hex`` for types without a form of their own and bad data."""
    if rtype in SHAPES:
        try:
            return " ".join(text for field, part in split(rtype, rdata) if (text := field.show(part)))
        except ValueError:
            return _unknown_to_text(rdata)
    return wire.special_to_text(rtype, rdata) or _unknown_to_text(rdata)


def _read_unknown(rtype: int, cursor: Cursor) -> bytes:
    r"""The form that every type has (RFC 3597 5); data of a known type must still be such data."""
    cursor.word("type")
    text = cursor.word("length")
    digits = "".join(cursor.word("data") for _ in cursor.remaining())
    if not (text.isascii() and text.isdigit()):
        raise ValueError(rf"{text!r} is not a length: \# LENGTH HEX (RFC 3597 5)")
    try:
        rdata = binascii.unhexlify(digits)
    except ValueError:
        raise ValueError("the data is not an even number of hexadecimal digits") from None
    if len(rdata) != int(text):
        raise ValueError(f"{len(rdata)} octets of data, but the length says {text}")
    if rtype in SHAPES:
        split(rtype, rdata)
    return _checked_length(rdata)


def _unknown_to_text(rdata: bytes) -> str:
    return rf"\# {len(rdata)} {rdata.hex().upper()}".rstrip()


def _checked_length(rdata: bytes) -> bytes:
    if len(rdata) > _RDATA_OCTETS_MAX:
        raise ValueError(f"{len(rdata)} octets of data, {_RDATA_OCTETS_MAX} are possible")
    return rdata
