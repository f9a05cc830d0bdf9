"""LOC, a place on the Earth (RFC 1876): read from master-file text exactly, in thousandths of a second, and shown."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from dnsd.codec.zonefile_tokens import Cursor

_LOC = struct.Struct(">BBBBIII")
_EQUATOR = 2**31
_BELOW_CENTIMETRES = 10_000_000
_SIZES = (("size", 100), ("horizontal precision", 1_000_000), ("vertical precision", 1000))
_SECONDS = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,3}))?", re.ASCII)
_METRES = re.compile(r"(-?)([0-9]{1,8})(?:\.([0-9]{1,2}))?m?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Location:
    """The whole of LOC's data as one field."""

    what: str = "place"

    def read(self, cursor: Cursor) -> bytes:
        """``52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m``; minutes, seconds, sizes may be left out."""
        latitude = _angle(cursor, "latitude", 90, "NS")
        longitude = _angle(cursor, "longitude", 180, "EW")
        altitude = _centimetres(cursor.word("altitude"), "altitude") + _BELOW_CENTIMETRES
        if not 0 <= altitude < 2**32:
            raise ValueError("altitude is not in -100000m to 42849672.95m")
        sizes = [_exponent(_optional_centimetres(cursor, what, default), what) for what, default in _SIZES]
        return _LOC.pack(0, *sizes, latitude, longitude, altitude)

    def end(self, rdata: bytes, at: int) -> int:
        """Fixed length; version 0 only."""
        if len(rdata) < at + _LOC.size or rdata[at]:
            raise ValueError("LOC is 16 octets of version 0")
        return at + _LOC.size

    def show(self, octets: bytes) -> str:
        """With all its parts."""
        _, size, horizontal, vertical, latitude, longitude, altitude = _LOC.unpack(octets)
        metres = " ".join(_shown_metres((size >> 4) * 10 ** (size & 15)) for size in (size, horizontal, vertical))
        height = _shown_metres(altitude - _BELOW_CENTIMETRES)
        return f"{_shown_angle(latitude, 'NS')} {_shown_angle(longitude, 'EW')} {height} {metres}"


def _angle(cursor: Cursor, what: str, degrees_most: int, sides: str) -> int:
    """``degrees [minutes [seconds]] side`` as thousandths of a second on each side of 2^31."""
    parts: list[str] = []
    while (word := cursor.word(what).upper()) not in sides or len(word) != 1:
        parts.append(word)
        if len(parts) > 3:
            raise ValueError(f"{what} needs {' or '.join(sides)} behind at most three numbers")
    degrees, minutes, seconds = (*parts, "0", "0", "0")[:3]
    found = _SECONDS.fullmatch(seconds)
    numbers = degrees + minutes
    is_numeric = numbers.isascii() and numbers.isdigit()
    if not parts or not is_numeric or found is None or int(minutes) > 59 or int(found[1]) > 59:
        raise ValueError(f"{what} {' '.join(parts)!r} is not degrees, minutes and seconds")
    thousandths = (int(degrees) * 3600 + int(minutes) * 60 + int(found[1])) * 1000 + int((found[2] or "").ljust(3, "0"))
    if thousandths > degrees_most * 3_600_000:
        raise ValueError(f"{what} is more than {degrees_most} degrees")
    return _EQUATOR + (thousandths if word == sides[0] else -thousandths)


def _optional_centimetres(cursor: Cursor, what: str, default: int) -> int:
    return default if cursor.peek() is None else _centimetres(cursor.word(what), what)


def _centimetres(text: str, what: str) -> int:
    found = _METRES.fullmatch(text)
    if found is None:
        raise ValueError(f"{what} {text!r} is not metres such as 10m or -2.50m")
    size = int(found[2]) * 100 + int((found[3] or "").ljust(2, "0"))
    return -size if found[1] else size


def _exponent(centimetres: int, what: str) -> int:
    """One digit and a power of ten, in an octet (RFC 1876 2)."""
    if not 0 <= centimetres <= 9_000_000_000:
        raise ValueError(f"{what} is not in 0m to 90000000m")
    digit, power = centimetres, 0
    while digit > 9:
        digit, power = digit // 10, power + 1
    return digit << 4 | power


def _shown_angle(octets: int, sides: str) -> str:
    thousandths = abs(octets - _EQUATOR)
    seconds, rest = divmod(thousandths, 1000)
    side = sides[0] if octets >= _EQUATOR else sides[1]
    return f"{seconds // 3600} {seconds // 60 % 60} {seconds % 60}.{rest:03} {side}"


def _shown_metres(centimetres: int) -> str:
    sign = "-" if centimetres < 0 else ""
    return f"{sign}{abs(centimetres) // 100}.{abs(centimetres) % 100:02}m"
