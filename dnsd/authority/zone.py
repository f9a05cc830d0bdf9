"""A zone: its origin, and its SOA in the two forms that replies need, stamped anew with every change."""

from __future__ import annotations

from dataclasses import replace

from dnsd.authority.form import Answer, Packed
from dnsd.authority.octets import OWNER_POINTER, record_octets
from dnsd.model.message import RRType
from dnsd.model.names import Name
from dnsd.model.rdata import Soa


class Zone:
    """One zone of ours. ``negative`` is the SOA record of negative answers, its TTL the negative TTL (RFC 2308 3).

    ``follows_revision``: the serial is the registry's revision; a static zone keeps the serial of its file.
    """

    __slots__ = ("follows_revision", "has_wildcards", "negative", "origin", "soa", "soa_answer", "ttl")

    def __init__(self, origin: Name, soa: Soa, ttl: int, follows_revision: bool, has_wildcards: bool = False) -> None:
        self.origin = origin
        self.soa = soa
        self.ttl = ttl
        self.follows_revision = follows_revision
        self.has_wildcards = has_wildcards
        self._ready(soa)

    def stamp(self, revision: int) -> None:
        """Show this revision as the serial, if it is the registry's zone."""
        if self.follows_revision:
            self._ready(replace(self.soa, serial=revision))

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

    def _ready(self, soa: Soa) -> None:
        rdata = soa.packed()
        self.soa = soa
        self.negative = record_octets(self.origin, RRType.SOA, min(self.ttl, soa.minimum), rdata)
        own = record_octets(OWNER_POINTER, RRType.SOA, self.ttl, rdata)
        self.soa_answer = Answer(1, own)
