"""Master files written: RRsets as text that any name server reads (RFC 1035 5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dnsd.authority.export import exported, lost_names
from dnsd.authority.table import Table
from dnsd.codec.wire import type_to_text
from dnsd.codec.zonefile_rdata import rdata_to_text
from dnsd.model.names import Name, name_to_text
from dnsd.model.rrset import RRset


def master_file_lines(rrsets: Iterable[RRset]) -> Iterator[str]:
    """One line a record, all names absolute, no directives; the SOA first if it comes first."""
    for rrset in rrsets:
        owner, rtype = name_to_text(rrset.owner), type_to_text(rrset.rtype)
        for record in rrset.records:
            yield f"{owner}\t{rrset.ttl}\tIN\t{rtype}\t{rdata_to_text(rrset.rtype, record.rdata)}"


def zone_file_lines(table: Table, origin: Name) -> Iterator[str]:
    """The zone at ``origin`` as a master file (KeyError when there is none), with a comment for what no record says.

    The zone is read at once, as it is now; the lines are made as they are drawn.
    """
    return _zone_file_lines(exported(table, origin), lost_names(table, origin), origin)


def _zone_file_lines(rrsets: Iterable[RRset], lost: Iterable[Name], origin: Name) -> Iterator[str]:
    yield f"; {name_to_text(origin)} as dnsd answers it: what a secondary would hold"
    for name in lost:
        yield f"; {name_to_text(name)} exists without any record, which a master file cannot say"
    yield from master_file_lines(rrsets)
