r"""Master files (RFC 1035 5): text in, a checked zone out, every fault and oddity told as ``file:line: what``.

Understood: ``$TTL``, ``$ORIGIN``, ``$INCLUDE``, ``$GENERATE``, ``@``, parentheses, quoted strings, ``\DDD``,
``1h30m``, TTL and class in either order, ``TYPE123 \# length hex`` (RFC 3597). Refused: what no server loads, such as a
second SOA, no NS at the apex, a CNAME beside other data, owners outside the zone, names below a DNAME.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dnsd.codec.zonefile_checks import Finding, ZoneChecks, apex_of
from dnsd.codec.zonefile_entries import Reader
from dnsd.codec.zonefile_rrsets import Gathered
from dnsd.model.errors import InvalidFile
from dnsd.model.message import RRType
from dnsd.model.names import Name
from dnsd.model.rdata import srv_fields
from dnsd.model.rrset import Record, RRset, ZoneData

_SRV_WEIGHT_SCALE = 256


@dataclass(frozen=True, slots=True)
class ReadZone:
    """A zone that may be served, and what is odd about it, each as ``file:line: what``."""

    data: ZoneData
    warnings: tuple[str, ...]


class InvalidZone(InvalidFile):
    """A master file is wrong: it is its own first fault, ``faults`` are all that were found (some twenty at most)."""

    def __init__(self, faults: Sequence[InvalidFile]) -> None:
        self.faults = tuple(faults)
        super().__init__(faults[0].path, faults[0].line, faults[0].what)


def read_zone(text: str, path: str, origin: Name | None, read: Callable[[str], str] | None = None) -> ReadZone:
    """The zone in ``text``. Relative names start at ``origin``, and the SOA must be there; None: where the SOA is.

    ``path`` is for messages and ``$INCLUDE``; ``read`` gives an included file's text (OSError or ValueError when it
    cannot; None: no includes). Undecodable octets may stand as surrogates. Raises InvalidZone.
    """
    reader = Reader(origin, read)
    reader.read_text(text, path)
    _raise_any(reader.faults)
    rrsets = reader.gathering.rrsets
    apex, wrong = apex_of(rrsets, origin, path)
    _raise_any(_as_faults(wrong))
    assert apex is not None
    checks = ZoneChecks(rrsets, apex)
    _raise_any(_as_faults(checks.faults()))
    warnings = sorted([*reader.gathering.warnings, *checks.warnings()])
    data = ZoneData(apex, tuple(_rrset(gathered) for gathered in rrsets.values()), path)
    return ReadZone(data, tuple(f"{place.path}:{place.line}: {what}" for place, what in warnings))


def _as_faults(findings: Iterable[Finding]) -> list[InvalidFile]:
    return [InvalidFile(place.path, place.line, what) for place, what in findings]


def _raise_any(faults: Sequence[InvalidFile]) -> None:
    if faults:
        raise InvalidZone(faults)


def _rrset(gathered: Gathered) -> RRset:
    records = tuple(_record(gathered.rtype, rdata) for rdata in gathered.rdatas.values())
    return RRset(gathered.owner, gathered.rtype, gathered.ttl, records)


def _record(rtype: int, rdata: bytes) -> Record:
    """SRV stands in answers by its own priority and weight; weight 0 is a very small chance, not none (RFC 2782)."""
    if rtype != RRType.SRV:
        return Record(rdata)
    priority, weight, _, _ = srv_fields(rdata)
    return Record(rdata, priority, weight * _SRV_WEIGHT_SCALE or 1)
