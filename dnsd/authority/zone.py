"""A zone: its origin, and its SOA in the two forms that replies need, stamped anew with every change."""

from __future__ import annotations

from dataclasses import replace

from dnsd.authority.form import Answer, Packed
from dnsd.authority.octets import OWNER_POINTER, record_octets
from dnsd.model.message import RRType
from dnsd.model.names import Name
from dnsd.model.rdata import Soa

_SERIAL_AT = -20
"""An SOA record ends in five numbers of four octets, the serial first (RFC 1035 3.3.13)."""


class Zone:
    """One zone of ours. ``negative`` is the SOA record of negative answers, its TTL the negative TTL (RFC 2308 3).

    ``follows_revision``: the serial is the registry's revision; a static zone keeps the serial of its file.
    """

    __slots__ = ("_soa", "follows_revision", "has_wildcards", "negative", "origin", "serial", "soa_answer", "ttl")

    def __init__(self, origin: Name, soa: Soa, ttl: int, follows_revision: bool, has_wildcards: bool = False) -> None:
        self.origin = origin
        self.serial = soa.serial
        self.ttl = ttl
        self.follows_revision = follows_revision
        self.has_wildcards = has_wildcards
        self._soa = soa
        rdata = soa.packed()
        self.negative = record_octets(origin, RRType.SOA, min(ttl, soa.minimum), rdata)
        self.soa_answer = Answer(1, record_octets(OWNER_POINTER, RRType.SOA, ttl, rdata))

    @property
    def soa(self) -> Soa:
        """Its SOA with the serial of now."""
        return replace(self._soa, serial=self.serial)

    def stamp(self, revision: int) -> None:
        """Show this revision as the serial, if it is the registry's zone: every change does so in every process."""
        if self.follows_revision:
            self.serial = revision
            octets = (revision & 0xFFFFFFFF).to_bytes(4)
            self.negative = _with_serial(self.negative, octets)
            self.soa_answer = Answer(1, _with_serial(self.soa_answer.section, octets))

    def pack(self) -> Packed:
        """As plain values."""
        soa = self.soa
        times = (soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum)
        return self.origin, (soa.mname, soa.rname, *times), self.ttl, self.follows_revision, self.has_wildcards

    @classmethod
    def unpack(cls, packed: Packed) -> Zone:
        """From plain values."""
        origin, soa, *rest = packed
        return cls(origin, Soa(*soa), *rest)


def _with_serial(record: bytes, serial: bytes) -> bytes:
    return record[:_SERIAL_AT] + serial + record[_SERIAL_AT + len(serial) :]
