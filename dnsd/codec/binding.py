r"""The parameters of SVCB and HTTPS (RFC 9460 2.2 and Appendix A), as one field up to the end of the data."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from dnsd.codec.zonefile_tokens import Cursor, octets_from_text, quoted

_PAIR = struct.Struct(">HH")
_KEYS = (
    "mandatory",
    "alpn",
    "no-default-alpn",
    "port",
    "ipv4hint",
    "ech",
    "ipv6hint",
    "dohpath",
    "ohttp",
)
_KEY_MOST = 65_534
_WITHOUT_VALUE = frozenset({"no-default-alpn", "ohttp"})


@dataclass(frozen=True, slots=True)
class Parameters:
    """``alpn=h2,h3 port=8443 …``; in the data they stand in the order of their keys, each once."""

    what: str = "parameters"

    def read(self, cursor: Cursor) -> bytes:
        """All tokens that are left."""
        values: dict[int, bytes] = {}
        while cursor.peek():
            key, value = _parameter(cursor.word(self.what))
            if key in values:
                raise ValueError(f"parameter {_key_to_text(key)} is given twice")
            values[key] = value
        _check(values)
        return b"".join(_PAIR.pack(key, len(value)) + value for key, value in sorted(values.items()))

    def end(self, rdata: bytes, at: int) -> int:
        """The end of the data; keys must grow (RFC 9460 2.2)."""
        values = _split(rdata[at:])
        if list(values) != sorted(values):
            raise ValueError("the parameters are not in the order of their keys")
        _check(values)
        return len(rdata)

    def show(self, octets: bytes) -> str:
        """Those with a known form in it, others as ``key123="…"``."""
        return " ".join(_shown(key, value) for key, value in _split(octets).items())


def _check(values: dict[int, bytes]) -> None:
    mandatory = values.get(0, b"")
    asked = [int.from_bytes(mandatory[at : at + 2], "big") for at in range(0, len(mandatory), 2)]
    if 0 in asked or len(set(asked)) != len(asked) or not set(asked) <= set(values):
        raise ValueError("mandatory must name other parameters that are there, each once (RFC 9460 8)")
    if 2 in values and 1 not in values:
        raise ValueError("no-default-alpn needs alpn beside it (RFC 9460 7.1.1)")


def _split(octets: bytes) -> dict[int, bytes]:
    at, values = 0, {}
    while at < len(octets):
        if at + _PAIR.size > len(octets):
            raise ValueError("the data ends inside a parameter")
        key, length = _PAIR.unpack_from(octets, at)
        at += _PAIR.size + length
        if at > len(octets) or key in values:
            raise ValueError("the data ends inside a parameter, or has one twice")
        values[key] = octets[at - length : at]
    return values


def _parameter(text: str) -> tuple[int, bytes]:
    """Key and value of one parameter's text."""
    name, _, value = text.partition("=")
    name = name.lower()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if name not in _KEYS:
        return _key_from_text(name), octets_from_text(value)
    if bool(value) == (name in _WITHOUT_VALUE):
        raise ValueError(f"parameter {name} {'takes no' if value else 'needs a'} value")
    try:
        return _KEYS.index(name), _READ[name](value)
    except ValueError as fault:
        raise ValueError(f"parameter {name}: {fault}") from None


def _key_from_text(name: str) -> int:
    digits = name.removeprefix("key")
    is_number = digits != name and digits.isascii() and digits.isdigit() and str(int(digits)) == digits
    if not is_number or int(digits) > _KEY_MOST:
        raise ValueError(f"{name!r} is no parameter: one of {', '.join(_KEYS)}, or key with a number up to {_KEY_MOST}")
    return int(digits)


def _key_to_text(key: int) -> str:
    return _KEYS[key] if key < len(_KEYS) else f"key{key}"


def _read_keys(value: str) -> bytes:
    names = value.split(",")
    keys = sorted(_KEYS.index(name) if name in _KEYS else _key_from_text(name) for name in names)
    return b"".join(key.to_bytes(2, "big") for key in keys)


def _read_protocols(value: str) -> bytes:
    r"""Comma-separated ids, where ``\\,`` is a comma inside one (RFC 9460 A.1)."""
    parts, part, is_escaped = [], bytearray(), False
    for octet in octets_from_text(value):
        if is_escaped or octet not in b"\\,":
            part.append(octet)
            is_escaped = False
        elif octet == ord("\\"):
            is_escaped = True
        else:
            parts.append(bytes(part))
            part.clear()
    parts.append(bytes(part))
    if is_escaped or not all(1 <= len(part) <= 255 for part in parts):
        raise ValueError("each id has 1 to 255 octets")
    return b"".join(bytes((len(part),)) + part for part in parts)


def _read_port(value: str) -> bytes:
    if not (value.isascii() and value.isdigit()) or int(value) > 65_535:
        raise ValueError(f"{value!r} is not a number from 0 to 65535")
    return int(value).to_bytes(2, "big")


_READ: dict[str, Callable[[str], bytes]] = {
    "mandatory": _read_keys,
    "alpn": _read_protocols,
    "no-default-alpn": lambda value: b"",
    "port": _read_port,
    "ipv4hint": lambda value: b"".join(IPv4Address(part).packed for part in value.split(",")),
    "ech": lambda value: base64.b64decode(value, validate=True),
    "ipv6hint": lambda value: b"".join(IPv6Address(part).packed for part in value.split(",")),
    "dohpath": octets_from_text,
    "ohttp": lambda value: b"",
}


def _shown(key: int, value: bytes) -> str:
    name = _key_to_text(key)
    if not value:
        return name
    show = _SHOW.get(name, quoted)
    try:
        return f"{name}={show(value)}"
    except ValueError:
        return f"key{key}={quoted(value)}"


def _shown_protocols(value: bytes) -> str:
    parts, at = [], 0
    while at < len(value):
        part = value[at + 1 : at + 1 + value[at]]
        parts.append(part.replace(b"\\", rb"\\").replace(b",", rb"\,"))
        at += 1 + value[at]
    text = quoted(b",".join(parts))
    return text if set(text[1:-1]) & set(' "\\;()') else text[1:-1]


def _pieces(value: bytes, size: int) -> list[bytes]:
    return [value[at : at + size] for at in range(0, len(value), size)]


_SHOW: dict[str, Callable[[bytes], str]] = {
    "mandatory": lambda value: ",".join(_key_to_text(int.from_bytes(piece, "big")) for piece in _pieces(value, 2)),
    "alpn": _shown_protocols,
    "port": lambda value: str(int.from_bytes(value, "big")),
    "ipv4hint": lambda value: ",".join(str(IPv4Address(piece)) for piece in _pieces(value, 4)),
    "ech": lambda value: base64.b64encode(value).decode("ascii"),
    "ipv6hint": lambda value: ",".join(str(IPv6Address(piece)) for piece in _pieces(value, 16)),
}
