"""A zone of the table as RRsets again: the answer to "what would a secondary hold?"."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import groupby

from dnsd.authority.node import OWNER_POINTER, REFERRAL, Kind, records_of
from dnsd.authority.table import Table
from dnsd.model.names import Name, labels_of
from dnsd.model.rrset import Record, RRset

_TYPE_CLASS_TTL_LENGTH = struct.Struct(">HHIH")


def exported(table: Table, origin: Name) -> Iterator[RRset]:
    """Every RRset of the zone at ``origin`` (a KeyError when there is none): the SOA first, then by owner.

    Empty non-terminals without anything below them (a service that answers NODATA) are no records and are lost.
    """
    zone = table.zones[origin]
    yield from _rrsets(_spelled(zone.soa_answer.section, origin))
    for owner in sorted((owner for owner, node in table.nodes.items() if node.zone is zone), key=_canonical):
        node = table.nodes[owner]
        for key, answer in node.answers.items():
            if node.kind == Kind.CUT and key == REFERRAL:
                yield from _rrsets(answer.section + answer.additional)
            else:
                yield from _rrsets(_spelled(answer.section, owner))


def _canonical(owner: Name) -> list[bytes]:
    """Sorts names as DNSSEC does: by their labels from the right (RFC 4034 6.1)."""
    return list(labels_of(owner))[::-1]


def _spelled(section: bytes, owner: Name) -> bytes:
    return b"".join(owner + record[len(OWNER_POINTER) :] for record in records_of(section))


def _rrsets(octets: bytes) -> Iterator[RRset]:
    """The RRsets in a row of records with whole owners."""
    for (owner, rtype, ttl), records in groupby(_records(octets), key=lambda record: record[:3]):
        yield RRset(owner, rtype, ttl, tuple(Record(rdata) for *_, rdata in records))


def _records(octets: bytes) -> Iterable[tuple[Name, int, int, bytes]]:
    at = 0
    while at < len(octets):
        end = at
        while octets[end]:
            end += 1 + octets[end]
        owner = octets[at : end + 1]
        rtype, _, ttl, length = _TYPE_CLASS_TTL_LENGTH.unpack_from(octets, end + 1)
        at = end + 1 + _TYPE_CLASS_TTL_LENGTH.size + length
        yield owner, rtype, ttl, octets[at - length : at]
