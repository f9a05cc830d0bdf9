"""A zone of the table as records again: the answer to "what would a secondary hold?"."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import groupby

from dnsd.authority.node import OWNER_POINTER, REFERRAL, Kind, Node, records_of
from dnsd.authority.table import Table
from dnsd.authority.zone import Zone
from dnsd.model.names import Name, labels_of, parent_of
from dnsd.model.rrset import Record, RRset

_TYPE_CLASS_TTL_LENGTH = struct.Struct(">HHIH")


class Snapshot:
    """One zone at one moment. Nodes are immutable, so the table may change while this is read.

    ``soa``: the SOA record, its owner written out. Raises KeyError when there is no zone at ``origin``.
    """

    __slots__ = ("_nodes", "serial", "soa", "zone")

    def __init__(self, table: Table, origin: Name) -> None:
        self.zone: Zone = table.zones[origin]
        self.serial = self.zone.soa.serial & 0xFFFFFFFF
        self.soa = b"".join(_spelled(self.zone.soa_answer.section, origin))
        self._nodes = list(table.nodes.items())

    def nodes(self) -> Iterator[tuple[Name, Node] | None]:
        """The zone's nodes by owner, in no order; None for every node of another zone, for whoever counts time."""
        zone = self.zone
        return (each if each[1].zone is zone else None for each in self._nodes)

    def records(self) -> Iterator[list[bytes]]:
        """The records of one node after the other but for the SOA, owners written out; an empty list: of none."""
        known = {owner for owner, node in self._nodes if node.kind != Kind.CUT} if self._has_cuts() else set()
        glue_given: set[bytes] = set()
        for found in self.nodes():
            if found is None:
                yield []
                continue
            records = node_records(*found)
            if found[1].kind == Kind.CUT:
                glue = [each for each in glue_of(found[1]) if each not in glue_given and _owner_of(each) not in known]
                glue_given.update(glue)
                records += glue
            yield records

    def _has_cuts(self) -> bool:
        # The registry delegates nothing: only master files hold delegations.
        return not self.zone.follows_revision and any(node.kind == Kind.CUT for _, node in self._nodes)


def node_records(owner: Name, node: Node) -> list[bytes]:
    """The records that a name owns, the name written out; of a delegation its NS and DS without glue."""
    records: list[bytes] = []
    for key, answer in node.answers.items():
        if node.kind == Kind.CUT and key == REFERRAL:
            records += _split(answer.section)
        else:
            records += _spelled(answer.section, owner)
    return records


def glue_of(cut: Node) -> Iterable[bytes]:
    """The address records that go with a delegation's NS."""
    return _split(cut.answers[REFERRAL].additional) if REFERRAL in cut.answers else ()


def exported(table: Table, origin: Name) -> Iterator[RRset]:
    """Every RRset of the zone at ``origin`` (a KeyError when there is none): the SOA first, then by owner.

    Empty non-terminals without anything below them (a service that answers NODATA) are no records and are lost:
    :func:`lost_names` tells them.
    """
    snapshot = Snapshot(table, origin)
    records = [record for of_node in snapshot.records() for record in of_node]
    return _exported(snapshot.soa, records)


def _exported(soa: bytes, records: list[bytes]) -> Iterator[RRset]:
    yield from _rrsets([soa])
    by_owner: dict[Name, list[bytes]] = {}
    for record in records:
        by_owner.setdefault(_owner_of(record), []).append(record)
    for owner in sorted(by_owner, key=_canonical):
        yield from _rrsets(by_owner[owner])


def lost_names(table: Table, origin: Name) -> list[Name]:
    """Names of the zone that exist without a record at or below them, so that a secondary would deny them."""
    present = [found for found in Snapshot(table, origin).nodes() if found is not None]
    kept: set[Name] = {origin}
    for owner, node in present:
        while node.answers and owner not in kept:
            kept.add(owner)
            owner = parent_of(owner)
    return sorted((owner for owner, _ in present if owner not in kept), key=_canonical)


def _canonical(owner: Name) -> list[bytes]:
    """Sorts names as DNSSEC does: by their labels from the right (RFC 4034 6.1)."""
    return list(labels_of(owner))[::-1]


def _spelled(section: bytes, owner: Name) -> list[bytes]:
    return [owner + record[len(OWNER_POINTER) :] for record in records_of(section)]


def _owner_of(record: bytes) -> Name:
    return record[: _owner_end(record, 0)]


def _owner_end(octets: bytes, at: int) -> int:
    while octets[at]:
        at += 1 + octets[at]
    return at + 1


def _split(octets: bytes) -> list[bytes]:
    """The records in a row of them whose owners are written out."""
    records = []
    at = 0
    while at < len(octets):
        fixed = _owner_end(octets, at)
        end = fixed + _TYPE_CLASS_TTL_LENGTH.size + _TYPE_CLASS_TTL_LENGTH.unpack_from(octets, fixed)[3]
        records.append(octets[at:end])
        at = end
    return records


def _rrsets(records: Iterable[bytes]) -> Iterator[RRset]:
    """The RRsets in records of which those of one RRset follow each other."""
    for (owner, rtype, ttl), group in groupby(map(_fields, records), key=lambda fields: fields[:3]):
        yield RRset(owner, rtype, ttl, tuple(Record(rdata) for *_, rdata in group))


def _fields(record: bytes) -> tuple[Name, int, int, bytes]:
    end = _owner_end(record, 0)
    rtype, _, ttl, _ = _TYPE_CLASS_TTL_LENGTH.unpack_from(record, end)
    return record[:end], rtype, ttl, record[end + _TYPE_CLASS_TTL_LENGTH.size :]
