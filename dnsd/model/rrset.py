"""An RRset: all records of one owner and type (RFC 2181 5), with the weights by which each may stand first."""

from __future__ import annotations

from dataclasses import dataclass

from dnsd.model.names import Name

TTL_SECONDS_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Record:
    """One record's data: RDATA octets, and its place in the order of answers.

    ``priority``: lower ones stand before higher ones. ``weight``: how often it stands first among those of its
    priority, relative to theirs; 1 or more.
    """

    rdata: bytes
    priority: int = 0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class RRset:
    """Records of one owner (folded) and type, in a stable order without duplicates."""

    owner: Name
    rtype: int
    ttl: int
    records: tuple[Record, ...]

    def __post_init__(self) -> None:
        if not self.records:
            raise ValueError("an RRset without records is not an RRset")
        if not 0 <= self.ttl <= TTL_SECONDS_MAX:
            raise ValueError(f"TTL {self.ttl} is not in 0 to {TTL_SECONDS_MAX} (RFC 2181 8)")


@dataclass(frozen=True, slots=True)
class ZoneData:
    """A static zone as its master file gave it: origin (folded), RRsets with the SOA among them, and where from."""

    origin: Name
    rrsets: tuple[RRset, ...]
    source: str
