"""Transaction signatures on the wire (RFC 8945), and the file of keys. The cryptography is in ``codec/signature``."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass, field
from typing import Protocol

from dnsd.model.errors import InvalidFile, MalformedQuery
from dnsd.model.message import UDP_PAYLOAD_LEAST, RRClass, RRType
from dnsd.model.names import LABEL_OCTETS_MAX, NAME_OCTETS_MAX, Name, name_from_text

BADSIG, BADKEY, BADTIME = 16, 17, 18
FUDGE_SECONDS = 300
ALGORITHMS = {"hmac-sha256": 32, "hmac-sha384": 48, "hmac-sha512": 64, "hmac-sha224": 28, "hmac-sha1": 20}
"""What keys sign with, and the octets of its MAC."""
ALGORITHM_DEFAULT = "hmac-sha256"
SECRET_OCTETS_LEAST = 8
KEYS_MOST = 64
SIGNATURE_OCTETS_MOST = UDP_PAYLOAD_LEAST - 12 - 259 - 39
"""Of a TSIG record, so that every reply has room for it beside a header, the longest question, an OPT with a cookie."""
_RECORD = struct.Struct(">HHIH")
_TIMES = struct.Struct(">HIHH")
_TAIL = struct.Struct(">HHH")


@dataclass(frozen=True, slots=True)
class TsigKey:
    """A shared secret: its name (folded), its algorithm as in ``ALGORITHMS``."""

    name: Name
    algorithm: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signature:
    """A TSIG record as it came; names folded, ``signed_at`` in unix seconds."""

    key_name: Name
    algorithm: Name
    signed_at: int
    fudge: int
    mac: bytes
    original_id: int
    error: int
    other: bytes


class Exchange(Protocol):
    """A verified request, whose replies are signed in their order."""

    octets: int
    """So many are added to each reply at most."""
    key_name: Name

    def sign(self, reply: bytes, now: int, error: int = 0) -> bytes:
        """The reply with its TSIG record."""


class Keyring(Protocol):
    """The keys that requests may be signed with."""

    def verify(self, packet: bytes, at: int, signature: Signature, now: int) -> tuple[int, Exchange | None]:
        """The TSIG error (0: none), and the exchange unless the reply must be unsigned (RFC 8945 5.2)."""


def read_signature(packet: bytes, at: int) -> Signature:
    """The TSIG record that starts at ``at``, up to the packet's end. Raises MalformedQuery."""
    key_name, at = _read_name(packet, at)
    try:
        rtype, rclass, ttl, length = _RECORD.unpack_from(packet, at)
        at += _RECORD.size
        if (rtype, rclass, ttl) != (RRType.TSIG, RRClass.ANY, 0) or at + length != len(packet):
            raise MalformedQuery("a TSIG record with another class or TTL (RFC 8945 4.2)")
        algorithm, at = _read_name(packet, at)
        high, low, fudge, mac_octets = _TIMES.unpack_from(packet, at)
        at += _TIMES.size
        mac = packet[at : at + mac_octets]
        original_id, error, other_octets = _TAIL.unpack_from(packet, at + mac_octets)
    except struct.error:
        raise MalformedQuery("a TSIG record cut short") from None
    other = packet[at + mac_octets + _TAIL.size :]
    if len(mac) != mac_octets or len(other) != other_octets:
        raise MalformedQuery("a TSIG record whose parts do not fit it")
    return Signature(key_name, algorithm, high << 32 | low, fudge, mac, original_id, error, other)


def unsigned(packet: bytes, at: int) -> bytes:
    """The packet without its TSIG record, which starts at ``at``."""
    return packet[:10] + (int.from_bytes(packet[10:12]) - 1).to_bytes(2) + packet[12:at]


def with_record(packet: bytes, record: bytes) -> bytes:
    """The packet with one additional record more."""
    return packet[:10] + (int.from_bytes(packet[10:12]) + 1).to_bytes(2) + packet[12:] + record


def signature_octets(key_name: Name, algorithm: str) -> int:
    """Octets of a TSIG record of ours, at most: with our time as other data, as a client with a wrong clock gets it."""
    fixed = _RECORD.size + _TIMES.size + _TAIL.size + 6
    return len(key_name) + len(name_from_text(algorithm)) + ALGORITHMS[algorithm] + fixed


def record_octets(key_name: Name, rdata: bytes) -> bytes:
    """A TSIG record."""
    return key_name + _RECORD.pack(RRType.TSIG, RRClass.ANY, 0, len(rdata)) + rdata


def refusal_record(signature: Signature, error: int) -> bytes:
    """The unsigned TSIG of a reply to a request that could not be verified (RFC 8945 5.3.2)."""
    times = _TIMES.pack(signature.signed_at >> 32, signature.signed_at & 0xFFFFFFFF, signature.fudge, 0)
    return record_octets(signature.key_name, signature.algorithm + times + _TAIL.pack(signature.original_id, error, 0))


def read_keys(text: str, path: str) -> tuple[TsigKey, ...]:
    """The keys of a file: one a line, ``[ALGORITHM:]NAME:SECRET`` as kdig's ``-k`` reads it. Raises InvalidFile.

    No text of the file goes into an error: it holds secrets.
    """
    keys: dict[Name, TsigKey] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key = _read_key(line.strip(), path, number)
        if key.name in keys:
            raise InvalidFile(path, number, "a key of this name stands above")
        keys[key.name] = key
    if not 1 <= len(keys) <= KEYS_MOST:
        raise InvalidFile(path, 1, f"1 to {KEYS_MOST} keys are needed")
    return tuple(keys.values())


def _read_key(line: str, path: str, number: int) -> TsigKey:
    parts = line.split(":")
    if len(parts) == 2:
        parts.insert(0, ALGORITHM_DEFAULT)
    if len(parts) != 3:
        raise InvalidFile(path, number, "[ALGORITHM:]NAME:SECRET is needed")
    algorithm, name, secret = (part.strip() for part in parts)
    if algorithm.lower() not in ALGORITHMS:
        raise InvalidFile(path, number, f"the algorithm is one of {', '.join(ALGORITHMS)}")
    try:
        key = TsigKey(name_from_text(name).lower(), algorithm.lower(), _secret(secret))
    except ValueError:
        raise InvalidFile(
            path, number, f"a name and base64 of {SECRET_OCTETS_LEAST} octets or more are needed"
        ) from None
    too_many = signature_octets(key.name, key.algorithm) - SIGNATURE_OCTETS_MOST
    if too_many > 0:
        most = len(key.name) - too_many
        raise InvalidFile(
            path,
            number,
            f"with {key.algorithm} the name of a key may have {most} octets, so that signed replies fit 512; "
            f"this one has {len(key.name)}: give the key a shorter name",
        )
    return key


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None
    if len(secret) < SECRET_OCTETS_LEAST:
        raise ValueError("too short")
    return secret


def _read_name(packet: bytes, at: int) -> tuple[Name, int]:
    """A name without pointers, folded, and where it ends."""
    end = at
    while end < len(packet) and 0 < packet[end] <= LABEL_OCTETS_MAX:
        end += 1 + packet[end]
    if end >= len(packet) or packet[end] or end + 1 - at > NAME_OCTETS_MAX:
        raise MalformedQuery("a name of a TSIG record that is cut short, too long or compressed")
    return packet[at : end + 1].lower(), end + 1
