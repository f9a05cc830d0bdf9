"""The fields that record data is made of: each is read from master-file text, measured in RDATA, and shown as text."""

from __future__ import annotations

import base64
import binascii
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from dnsd.codec.zonefile_tokens import Cursor, Token, octets_from_text, quoted, seconds_from_text
from dnsd.model.names import LABEL_OCTETS_MAX, NAME_OCTETS_MAX, name_to_text
from dnsd.model.rdata import STRING_OCTETS_MAX


class Field(Protocol):
    """One field. ``read`` gives its octets; ``end`` says where it ends in uncompressed RDATA that starts at 0."""

    @property
    def what(self) -> str:
        """What it is, for messages."""

    def read(self, cursor: Cursor) -> bytes:
        """Octets of the text that comes next. ValueError says what is wrong."""

    def end(self, rdata: bytes, at: int) -> int:
        """Where the field that starts at ``at`` ends. ValueError when it does not fit."""

    def show(self, octets: bytes) -> str:
        """Master-file text of the field's octets."""


@dataclass(frozen=True, slots=True)
class Number:
    """An unsigned number of 1, 2 or 4 octets."""

    what: str
    octets: int

    def read(self, cursor: Cursor) -> bytes:
        """Decimal digits only, in range."""
        text = cursor.word(self.what)
        most = 256**self.octets - 1
        if not (text.isascii() and text.isdigit() and len(text) <= 10) or int(text) > most:
            raise ValueError(f"{self.what} {text!r} is not a number from 0 to {most}")
        return int(text).to_bytes(self.octets, "big")

    def end(self, rdata: bytes, at: int) -> int:
        """Fixed length."""
        return _within(rdata, at + self.octets, self.what)

    def show(self, octets: bytes) -> str:
        """Decimal."""
        return str(int.from_bytes(octets, "big"))


@dataclass(frozen=True, slots=True)
class Seconds:
    """A length of time in four octets, ``1h30m`` in text."""

    what: str

    def read(self, cursor: Cursor) -> bytes:
        """Seconds or units."""
        try:
            return seconds_from_text(cursor.word(self.what)).to_bytes(4, "big")
        except ValueError as fault:
            raise ValueError(f"{self.what}: {fault}") from None

    def end(self, rdata: bytes, at: int) -> int:
        """Fixed length."""
        return _within(rdata, at + 4, self.what)

    def show(self, octets: bytes) -> str:
        """Plain seconds."""
        return str(int.from_bytes(octets, "big"))


@dataclass(frozen=True, slots=True)
class HostName:
    """A domain name, uncompressed (RFC 3597 4)."""

    what: str

    def read(self, cursor: Cursor) -> bytes:
        """Relative names go below the origin."""
        return cursor.name(self.what)

    def end(self, rdata: bytes, at: int) -> int:
        """Behind the root label; pointers have no place in stored data."""
        start = at
        while length := rdata[_within(rdata, at + 1, self.what) - 1]:
            if length > LABEL_OCTETS_MAX:
                raise ValueError(f"{self.what} has a label of {length} octets or a compression pointer")
            at += 1 + length
        if at + 1 - start > NAME_OCTETS_MAX:
            raise ValueError(f"{self.what} is longer than {NAME_OCTETS_MAX} octets")
        return at + 1

    def show(self, octets: bytes) -> str:
        """Absolute, with the final dot."""
        return name_to_text(octets)


@dataclass(frozen=True, slots=True)
class Address:
    """An IPv4 (4 octets) or IPv6 (16 octets) address."""

    what: str
    octets: int

    def read(self, cursor: Cursor) -> bytes:
        """Dotted quad without leading zeros, or RFC 4291 text without a zone index."""
        text = cursor.word(self.what)
        try:
            if self.octets == 4:
                return IPv4Address(text).packed
            parsed = IPv6Address(text)
        except ValueError:
            raise ValueError(f"{text!r} is not an {self.what}") from None
        if parsed.scope_id:
            raise ValueError(f"{text!r} has a zone index, which has no place in DNS")
        return parsed.packed

    def end(self, rdata: bytes, at: int) -> int:
        """Fixed length."""
        return _within(rdata, at + self.octets, self.what)

    def show(self, octets: bytes) -> str:
        """Canonical text."""
        return socket.inet_ntop(socket.AF_INET if self.octets == 4 else socket.AF_INET6, octets)


@dataclass(frozen=True, slots=True)
class String:
    """A character-string of at most 255 octets (RFC 1035 3.3); ``is_bare``: letters and digits, shown as they are."""

    what: str
    is_bare: bool = False

    def read(self, cursor: Cursor) -> bytes:
        """Quoted or not."""
        return self._checked(_string(cursor.take(self.what), self.what))

    def end(self, rdata: bytes, at: int) -> int:
        """Behind as many octets as the first one says."""
        end = _within(rdata, _within(rdata, at + 1, self.what) + rdata[at], self.what)
        self._checked(rdata[at:end])
        return end

    def show(self, octets: bytes) -> str:
        """In quotes, unless bare."""
        return octets[1:].decode("ascii") if self.is_bare else quoted(octets[1:])

    def _checked(self, octets: bytes) -> bytes:
        if self.is_bare and not octets[1:].isalnum():
            raise ValueError(f"{self.what} must be letters and digits")
        return octets


@dataclass(frozen=True, slots=True)
class Strings:
    """One or more character-strings up to the end of the data (TXT)."""

    what: str

    def read(self, cursor: Cursor) -> bytes:
        """All tokens that are left."""
        strings = [cursor.take(self.what), *(cursor.take(self.what) for _ in cursor.remaining())]
        return b"".join(_string(token, self.what) for token in strings)

    def end(self, rdata: bytes, at: int) -> int:
        """The end of the data."""
        one = String(self.what)
        while (at := one.end(rdata, at)) < len(rdata):
            pass
        return at

    def show(self, octets: bytes) -> str:
        """Each in quotes."""
        parts, at = [], 0
        while at < len(octets):
            parts.append(quoted(octets[at + 1 : at + 1 + octets[at]]))
            at += 1 + octets[at]
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Text:
    """Free text up to the end of the data, written as one string (CAA value, URI target)."""

    what: str

    def read(self, cursor: Cursor) -> bytes:
        """One token."""
        return octets_from_text(cursor.take(self.what).text)

    def end(self, rdata: bytes, at: int) -> int:
        """The end of the data."""
        return len(rdata)

    def show(self, octets: bytes) -> str:
        """In quotes."""
        return quoted(octets)


@dataclass(frozen=True, slots=True)
class Digits:
    """Binary data up to the end, in hexadecimal (``base`` 16) or Base 64 text that blanks may cut."""

    what: str
    base: int

    def read(self, cursor: Cursor) -> bytes:
        """One or more words joined; at least one octet."""
        text = "".join([cursor.word(self.what), *(cursor.word(self.what) for _ in cursor.remaining())])
        try:
            octets = binascii.unhexlify(text) if self.base == 16 else base64.b64decode(text, validate=True)
        except ValueError as fault:
            kind = "hexadecimal" if self.base == 16 else "Base 64"
            raise ValueError(f"{self.what} is not {kind} text: {str(fault).lower()}") from None
        if not octets:
            raise ValueError(f"{self.what} is empty")
        return octets

    def end(self, rdata: bytes, at: int) -> int:
        """The end of the data, at least one octet on."""
        if at >= len(rdata):
            raise ValueError(f"{self.what} is empty")
        return len(rdata)

    def show(self, octets: bytes) -> str:
        """In one word."""
        return octets.hex().upper() if self.base == 16 else base64.b64encode(octets).decode("ascii")


def _string(token: Token, what: str) -> bytes:
    octets = octets_from_text(token.text)
    if len(octets) > STRING_OCTETS_MAX:
        raise ValueError(
            f"{what} of {len(octets)} octets, {STRING_OCTETS_MAX} are possible: cut it into several strings"
        )
    return bytes((len(octets),)) + octets


def _within(rdata: bytes, end: int, what: str) -> int:
    if end > len(rdata):
        raise ValueError(f"the data ends inside its {what}")
    return end
