"""The numbers of the DNS protocol and the outcomes of a question.

To add a record type: name it here, give its shape in ``rdata``, its text in ``codec/zonefile``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from dnsd.model.names import Name

UDP_PAYLOAD_LEAST = 512
UDP_PAYLOAD_DEFAULT = 1232
TCP_PAYLOAD_MOST = 65_535


class RRType(IntEnum):
    """Types dnsd knows by name (IANA registry); others travel as plain numbers."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    HINFO = 13
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    DNAME = 39
    OPT = 41
    DS = 43
    TSIG = 250
    IXFR = 251
    AXFR = 252
    ANY = 255


class RRClass(IntEnum):
    """Classes (RFC 1035 3.2.4; NONE and ANY are query classes)."""

    IN = 1
    CH = 3
    NONE = 254
    ANY = 255


class Opcode(IntEnum):
    """Kinds of query; only QUERY is ours, all others get NOTIMP."""

    QUERY = 0
    IQUERY = 1
    STATUS = 2
    NOTIFY = 4
    UPDATE = 5
    DSO = 6


class Rcode(IntEnum):
    """Response codes; above 15 they need an OPT record (RFC 6891 6.1.3)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    YXDOMAIN = 6
    NOTAUTH = 9
    BADVERS = 16
    BADCOOKIE = 23


class Option(IntEnum):
    """EDNS option codes."""

    NSID = 3
    COOKIE = 10
    PADDING = 12
    EXTENDED_ERROR = 15


class ExtendedError(IntEnum):
    """Info codes of RFC 8914 that dnsd gives."""

    OTHER = 0
    STALE_ANSWER = 3
    CACHED_ERROR = 13
    NOT_READY = 14
    PROHIBITED = 18
    STALE_NXDOMAIN = 19
    NOT_AUTHORITATIVE = 20
    NO_REACHABLE_AUTHORITY = 22


Reply = tuple[bytes, bytes]
"""An answer ready to be sent, and type and class of its question (four octets, or none when there was no question to
read) for the door to count by. A plain pair, because one is made for every packet."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Silence, and why, in one word for the door to count."""

    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record that somebody else told us: owner folded, TTL in seconds, names in RDATA whole."""

    owner: Name
    rtype: int
    ttl: int
    rdata: bytes


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of a forwarded question: ``answers``, each alias before what it points to, ``authority`` (the SOA of
    a negative answer), and for the person who asked, why it is as it is (RFC 8914).
    """

    rcode: Rcode
    answers: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    reason: ExtendedError | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question for an upstream: the name folded, type and class as four octets; DO and CD as the client has them."""

    owner: Name
    key: bytes
    is_do: bool = False
    is_cd: bool = False


@dataclass(frozen=True, slots=True)
class Forward:
    """A question that belongs to an upstream; the only outcome that waits.

    ``question``: as in a ``Reply``; ``finish`` makes the reply of what became of it.
    """

    wanted: Wanted
    question: bytes
    finish: Callable[[Resolved], bytes]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A zone on its way, over TCP only: ``messages`` are drawn one by one, an empty one is a breath for others.

    ``question``: as in a ``Reply``; ``busy`` makes the reply for when there are too many transfers already.
    """

    messages: Iterator[bytes]
    question: bytes
    busy: Callable[[], bytes]


Outcome = Reply | Drop | Forward | Transfer
