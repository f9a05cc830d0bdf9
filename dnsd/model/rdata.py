"""Record data in wire form: one function a type, values in, RDATA octets out. Names in RDATA are never compressed."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from dnsd.model.message import RRType
from dnsd.model.names import Name, is_ipv6

_SRV = struct.Struct(">HHH")
_SOA = struct.Struct(">IIIII")
STRING_OCTETS_MAX = 255


def address(text: str) -> tuple[RRType, bytes]:
    """Type and RDATA of an address in canonical text: A (RFC 1035 3.4.1) or AAAA (RFC 3596 2.2)."""
    if is_ipv6(text):
        return RRType.AAAA, socket.inet_pton(socket.AF_INET6, text)
    return RRType.A, socket.inet_pton(socket.AF_INET, text)


def srv(priority: int, weight: int, port: int, target: Name) -> bytes:
    """RDATA of SRV (RFC 2782): the target must not be compressed."""
    return _SRV.pack(priority, weight, port) + target


def mx(preference: int, exchange: Name) -> bytes:
    """RDATA of MX (RFC 1035 3.3.9)."""
    return struct.pack(">H", preference) + exchange


def txt(*strings: bytes) -> bytes:
    """RDATA of TXT (RFC 1035 3.3.14): one or more strings of at most 255 octets."""
    if not strings or any(len(string) > STRING_OCTETS_MAX for string in strings):
        raise ValueError(f"TXT needs one or more strings of at most {STRING_OCTETS_MAX} octets")
    return b"".join(bytes((len(string),)) + string for string in strings)


@dataclass(frozen=True, slots=True)
class Soa:
    """Start of authority (RFC 1035 3.3.13). Times in seconds; ``minimum`` is the negative TTL (RFC 2308 4)."""

    mname: Name
    rname: Name
    serial: int
    refresh: int = 3600
    retry: int = 600
    expire: int = 604_800
    minimum: int = 5

    def packed(self) -> bytes:
        """RDATA octets; the serial wraps at 2^32 (RFC 1982)."""
        numbers = _SOA.pack(self.serial & 0xFFFFFFFF, self.refresh, self.retry, self.expire, self.minimum)
        return self.mname + self.rname + numbers


def soa_fields(rdata: bytes) -> Soa:
    """The SOA in RDATA octets with uncompressed names."""
    mname = _name_at(rdata, 0)
    rname = _name_at(rdata, len(mname))
    return Soa(mname, rname, *_SOA.unpack_from(rdata, len(mname) + len(rname)))


def _name_at(octets: bytes, start: int) -> Name:
    at = start
    while octets[at]:
        at += 1 + octets[at]
    return octets[start : at + 1]


def srv_fields(rdata: bytes) -> tuple[int, int, int, Name]:
    """Priority, weight, port and target of an SRV's RDATA."""
    priority, weight, port = _SRV.unpack_from(rdata)
    return priority, weight, port, rdata[_SRV.size :]


def target_of(rtype: int, rdata: bytes) -> Name | None:
    """The name whose addresses belong into the additional section (RFC 1035 3.3.9, 3.3.11, RFC 2782), if any."""
    offset = {RRType.NS: 0, RRType.MX: 2, RRType.SRV: 6}.get(RRType(rtype)) if rtype in TARGETED else None
    return None if offset is None else rdata[offset:]


TARGETED = frozenset({RRType.NS, RRType.MX, RRType.SRV})
"""Types whose data names a host that has addresses."""
