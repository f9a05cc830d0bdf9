"""Nodes taken apart again: records with their owners written out, as they stand in transfers and master files."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from dnsd.authority.form import Kind
from dnsd.authority.node import REFERRAL, Node
from dnsd.authority.octets import OWNER_POINTER, records_of
from dnsd.model.names import Name

TYPE_CLASS_TTL_LENGTH = struct.Struct(">HHIH")


def node_records(owner: Name, node: Node) -> list[bytes]:
    """The records that a name owns, the name written out; of a delegation its NS and DS without glue."""
    records: list[bytes] = []
    for key, answer in node.answers.items():
        if node.kind == Kind.CUT and key == REFERRAL:
            records += split(answer.section)
        else:
            records += spelled(answer.section, owner)
    return records


def glue_of(cut: Node) -> Iterable[bytes]:
    """The address records that go with a delegation's NS."""
    return split(cut.answers[REFERRAL].additional) if REFERRAL in cut.answers else ()


def spelled(section: bytes, owner: Name) -> list[bytes]:
    """The records of a section whose owners are pointers to ``owner``, with it written out."""
    return [owner + record[len(OWNER_POINTER) :] for record in records_of(section)]


def owner_of(record: bytes) -> Name:
    """The owner of a record that has it written out."""
    return record[: owner_end(record, 0)]


def owner_end(octets: bytes, at: int) -> int:
    """Where a name that starts at ``at`` ends; it has no pointer in it."""
    while octets[at]:
        at += 1 + octets[at]
    return at + 1


def split(octets: bytes) -> list[bytes]:
    """The records in a row of them whose owners are written out."""
    records = []
    at = 0
    while at < len(octets):
        fixed = owner_end(octets, at)
        end = fixed + TYPE_CLASS_TTL_LENGTH.size + TYPE_CLASS_TTL_LENGTH.unpack_from(octets, fixed)[3]
        records.append(octets[at:end])
        at = end
    return records
