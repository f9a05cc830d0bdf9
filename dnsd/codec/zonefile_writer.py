"""Master files written: RRsets as text that any name server reads (RFC 1035 5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dnsd.codec.wire import type_to_text
from dnsd.codec.zonefile_rdata import rdata_to_text
from dnsd.model.names import name_to_text
from dnsd.model.rrset import RRset


def master_file_lines(rrsets: Iterable[RRset]) -> Iterator[str]:
    """One line a record, all names absolute, no directives; the SOA first if it comes first."""
    for rrset in rrsets:
        owner, rtype = name_to_text(rrset.owner), type_to_text(rrset.rtype)
        for record in rrset.records:
            yield f"{owner}\t{rrset.ttl}\tIN\t{rtype}\t{rdata_to_text(rrset.rtype, record.rdata)}"
