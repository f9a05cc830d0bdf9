"""What the table holds for a name: the algorithm of RFC 1034 4.3.2, with RFC 4592's wildcards, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from dnsd.authority.form import Answer, Kind
from dnsd.authority.node import REFERRAL, WILDCARD, Node
from dnsd.authority.zone import Zone
from dnsd.model.names import LABEL_OCTETS_MAX, Name


@dataclass(frozen=True, slots=True)
class Hit:
    """The name exists, or a wildcard stands for it; ``node`` holds what it owns."""

    node: Node


@dataclass(frozen=True, slots=True)
class NoName:
    """The name does not exist in ``zone``."""

    zone: Zone


@dataclass(frozen=True, slots=True)
class Below:
    """The name lies below an alias for a whole subtree (DNAME, RFC 6672): ``owner`` and its node."""

    owner: Name
    node: Node


@dataclass(frozen=True, slots=True)
class Referral:
    """The name is at or below a delegation; ``answer`` is its NS RRset and glue."""

    answer: Answer


class NotOurs:
    """The name is in none of our zones."""


class Failed:
    """The name belongs to a service that must not be answered now."""


Place = Hit | NoName | Below | Referral | NotOurs | Failed
NOT_OURS = NotOurs()
FAILED = Failed()
DNAME_KEY = b"\x00\x27\x00\x01"


def place(nodes: dict[Name, Node], owner: Name) -> Place:
    """Where ``owner`` (folded, well-formed) stands."""
    node = nodes.get(owner)
    if node is not None:
        return _at(node)
    encloser = closest_encloser(nodes, owner)
    return NOT_OURS if encloser is None else _under(nodes, owner, encloser)


def closest_encloser(nodes: dict[Name, Node], owner: Name) -> Name | None:
    """The nearest ancestor of ``owner`` that exists; None when it is in no zone of ours.

    Safe for octets that only claim to be a name: None as well when a label overruns them.
    """
    at, end = 0, len(owner)
    while at < end:
        length = owner[at]
        if not length or length > LABEL_OCTETS_MAX:
            return None
        at += 1 + length
        ancestor = owner[at:]
        if ancestor in nodes:
            return ancestor
    return None


def _at(node: Node) -> Place:
    if node.kind == Kind.CUT:
        return Referral(node.answers[REFERRAL])
    return FAILED if node.kind == Kind.SERVFAIL else Hit(node)


def _under(nodes: dict[Name, Node], owner: Name, encloser: Name) -> Place:
    node = nodes[encloser]
    if node.kind:
        return _at(node)
    if node.get(DNAME_KEY) is not None:
        return Below(encloser, node)
    if node.zone.has_wildcards:
        wildcard = nodes.get(WILDCARD + encloser)
        if wildcard is not None:
            return _at(wildcard)
    return NoName(node.zone)
