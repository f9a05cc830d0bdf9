"""A zone of the table as records again: the answer to "what would a secondary hold?"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from dnsd.authority.form import Kind
from dnsd.authority.node import Node
from dnsd.authority.records import TYPE_CLASS_TTL_LENGTH, glue_of, node_records, owner_end, owner_of, spelled
from dnsd.authority.table import Table
from dnsd.authority.zone import Zone
from dnsd.model.names import Name, labels_of, parent_of
from dnsd.model.rrset import Record, RRset


class Snapshot:
    """One zone at one moment. Nodes are immutable, so the table may change while this is read.

    ``soa``: the SOA record, its owner written out. Raises KeyError when there is no zone at ``origin``.
    """

    __slots__ = ("_nodes", "serial", "soa", "zone")

    def __init__(self, table: Table, origin: Name) -> None:
        self.zone: Zone = table.zones[origin]
        self.serial = self.zone.soa.serial & 0xFFFFFFFF
        self.soa = soa_record(self.zone)
        # In one step of the interpreter, for whoever calls from a thread; some 10 ms for 400,000 names.
        self._nodes = table.nodes.copy()

    def nodes(self) -> Iterator[tuple[Name, Node] | None]:
        """The zone's nodes by owner, in no order; None for every node of another zone, for whoever counts time."""
        zone = self.zone
        return (pair if pair[1].zone is zone else None for pair in self._nodes.items())

    def records(self) -> Iterator[list[bytes]]:
        """The records of one node after the other but for the SOA, owners written out; an empty list: of none."""
        known = {owner for owner, node in self._nodes.items() if node.kind != Kind.CUT} if self._has_cuts() else set()
        glue_given: set[bytes] = set()
        for found in self.nodes():
            if found is None:
                yield []
                continue
            records = node_records(*found)
            if found[1].kind == Kind.CUT:
                glue = [each for each in glue_of(found[1]) if each not in glue_given and owner_of(each) not in known]
                glue_given.update(glue)
                records += glue
            yield records

    def _has_cuts(self) -> bool:
        # The registry delegates nothing: only master files hold delegations.
        return not self.zone.follows_revision and any(node.kind == Kind.CUT for node in self._nodes.values())


def soa_record(zone: Zone) -> bytes:
    """The zone's SOA record as of now, its owner written out."""
    return b"".join(spelled(zone.soa_answer.section, zone.origin))


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
        by_owner.setdefault(owner_of(record), []).append(record)
    for owner in sorted(by_owner, key=_canonical):
        yield from _rrsets(by_owner[owner])


def lost_names(table: Table, origin: Name) -> list[Name]:
    """Names of the zone that exist without a record at or below them, so that a secondary would deny them."""
    present = [found for found in Snapshot(table, origin).nodes() if found is not None]
    kept: set[Name] = {origin}
    for owner, node in present:
        while node.owns and owner not in kept:
            kept.add(owner)
            owner = parent_of(owner)
    return sorted((owner for owner, _ in present if owner not in kept), key=_canonical)


def _canonical(owner: Name) -> list[bytes]:
    """Sorts names as DNSSEC does: by their labels from the right (RFC 4034 6.1)."""
    return list(labels_of(owner))[::-1]


def _rrsets(records: Iterable[bytes]) -> Iterator[RRset]:
    """The RRsets in records of which those of one RRset follow each other."""
    for (owner, rtype, ttl), group in groupby(map(_fields, records), key=lambda fields: fields[:3]):
        yield RRset(owner, rtype, ttl, tuple(Record(rdata) for *_, rdata in group))


def _fields(record: bytes) -> tuple[Name, int, int, bytes]:
    end = owner_end(record, 0)
    rtype, _, ttl, _ = TYPE_CLASS_TTL_LENGTH.unpack_from(record, end)
    return record[:end], rtype, ttl, record[end + TYPE_CLASS_TTL_LENGTH.size :]
