"""The table: all nodes and zones that a responder answers from, and how it is replaced and changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from dnsd.authority.form import Packed
from dnsd.authority.journal import Journal, Replaced
from dnsd.authority.node import Node, unpack_node
from dnsd.authority.words import Said, Words
from dnsd.authority.zone import Zone
from dnsd.model.names import Name

NODES_A_STEP = 32
"""So many nodes of a change are unpacked in one go, some 0.04 ms; in a flood a batch of answers goes before each."""


class Table:
    """Nodes by folded owner name, over all zones. ``loaded`` is False until the first complete load.

    ``words``: what there is to say beside answers. ``journal``: where changes are kept for incremental transfers, if
    somebody put one there.

    Invariant: every ancestor of a node, up to its zone's apex, is a node too (empty non-terminals are explicit).
    """

    def __init__(self) -> None:
        self.nodes: dict[Name, Node] = {}
        self.zones: dict[Name, Zone] = {}
        self.words = Words()
        self.loaded = False
        self.revision = 0
        self.journal: Journal | None = None

    def replace(self, loading: Loading) -> None:
        """Answer from what was loaded beside, from the next packet on."""
        self.nodes = loading.nodes
        self.zones = loading.zones
        self.words = loading.words
        self.stamp(loading.revision)
        self.loaded = True
        if self.journal is not None:
            self.journal.clear()

    def apply(self, delta: Packed) -> None:
        """Replace or remove the nodes of a packed :class:`Delta`."""
        for _ in self.apply_steps(delta):
            pass

    def apply_steps(self, delta: Packed) -> Iterator[None]:
        """The same step by step, for who has to answer meanwhile: all of it is shown at once, behind the last step."""
        revision, changed, said = delta
        unpacked: list[tuple[Name, Node | None]] = []
        for start in range(0, len(changed), NODES_A_STEP):
            for owner, packed in changed[start : start + NODES_A_STEP]:
                unpacked.append((owner, None if packed is None else unpack_node(packed, self.zones)))
            yield
        self.words.take(said)
        if self.journal is not None:
            replaced: list[Replaced] = [(owner, self.nodes.get(owner), node) for owner, node in unpacked]
            self.journal.add(self.revision, revision, replaced)
        for owner, node in unpacked:
            if node is None:
                self.nodes.pop(owner, None)
            else:
                self.nodes[owner] = node
        self.stamp(revision)

    def stamp(self, revision: int) -> None:
        """Show this revision in every SOA of the registry's zones."""
        self.revision = revision
        for zone in self.zones.values():
            zone.stamp(revision)


class Delta:
    """What one change did to the table: the new node, or None where there is none any more."""

    __slots__ = ("nodes", "revision", "said")

    def __init__(self, revision: int, nodes: Sequence[tuple[Name, Node | None]], said: Sequence[Said] = ()) -> None:
        self.revision = revision
        self.nodes = nodes
        self.said = said

    def pack(self) -> Packed:
        """As plain values, for :meth:`Table.apply` in another process."""
        nodes = [(owner, None if node is None else node.pack()) for owner, node in self.nodes]
        return self.revision, nodes, list(self.said)


class Loading:
    """A table's content on its way in, part by part, beside the one that answers."""

    def __init__(self) -> None:
        self.nodes: dict[Name, Node] = {}
        self.zones: dict[Name, Zone] = {}
        self.words = Words()
        self.revision = 0

    def add(self, part: Packed) -> None:
        """Take one part of :func:`parts_of` in; the first one carries the zones."""
        revision, zones, nodes, said = part
        self.words.take(said)
        self.revision = revision
        for packed in zones:
            zone = Zone.unpack(packed)
            self.zones[zone.origin] = zone
        for owner, packed in nodes:
            self.nodes[owner] = unpack_node(packed, self.zones)


def parts_of(table: Table, nodes_most: int) -> Iterator[Packed]:
    """The whole table as packed parts of at most so many nodes, for :class:`Loading`. Packs lazily.

    A change while it is drawn is no harm: the drawer sends the deltas that come meanwhile after the last part.
    """
    revision = table.revision
    owners = iter(list(table.nodes))
    zones = [zone.pack() for zone in table.zones.values()]
    while part := list(islice(owners, nodes_most)):
        present = ((owner, table.nodes.get(owner)) for owner in part)
        yield revision, zones, [(owner, node.pack()) for owner, node in present if node is not None], []
        zones = []
    if zones:
        yield revision, zones, [], []
    words = table.words.all()
    while said := list(islice(words, nodes_most)):
        yield revision, [], [], said
