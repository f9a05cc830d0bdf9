"""Names coming and going: keeps empty non-terminals in step with what stands below them, and notes what changed."""

from __future__ import annotations

from dnsd.authority.node import Node, empty_node
from dnsd.authority.zone import Zone
from dnsd.model.names import Name, parent_of


class Tree:
    """Writes a table's nodes so that every ancestor of a name exists up to its apex (RFC 4592 2.2.2, RFC 8020 2)."""

    def __init__(self, nodes: dict[Name, Node]) -> None:
        self.nodes = nodes
        self.changed: dict[Name, Node | None] = {}
        self.replaced: dict[Name, Node] = {}
        """What stood where something changed since the last drain; nothing where nothing stood."""
        self.is_noting = True
        """False while a load builds it: then nobody asks what changed."""
        self._children: dict[Name, int] = {}
        self._bare: set[Name] = set()
        """Names that were put and own nothing: nothing else tells them from those that only others keep alive."""

    def put(self, owner: Name, node: Node) -> None:
        """Let ``owner`` be this node, with its ancestors below the apex."""
        old = self.nodes.get(owner)
        if old is node:
            return
        if node.records or node.owns or node.kind:
            self._bare.discard(owner)
        else:
            self._bare.add(owner)
        if self.is_noting:
            self._note(owner, old, node)
        self.nodes[owner] = node
        if old is None:
            self._raise_ancestors(owner, node.zone)

    def drop(self, owner: Name) -> None:
        """Let ``owner`` own nothing; it and its ancestors go when nothing is below them."""
        node = self.nodes[owner]
        self._bare.discard(owner)
        if self._children.get(owner):
            self._write(owner, empty_node(node.zone))
        else:
            self._fell(owner, node.zone)

    def join(self, apex: Name, outer: Zone) -> None:
        """Let the names between a zone's apex and the zone around it exist, for as long as the apex does."""
        self._raise_ancestors(apex, outer)

    def drain_changes(self) -> list[tuple[Name, Node | None]]:
        """What changed since the last call."""
        changed = list(self.changed.items())
        self.changed.clear()
        self.replaced = {}
        return changed

    def standing(self) -> tuple[dict[Name, int], frozenset[Name]]:
        """What it knows beside its nodes, as of now: how many names each has right below it, and which own nothing."""
        return dict(self._children), frozenset(self._bare)

    def restore(self, standing: tuple[dict[Name, int], frozenset[Name]]) -> None:
        """Know this beside its nodes, as :meth:`standing` said it."""
        children, bare = standing
        self._children, self._bare = dict(children), set(bare)

    def _write(self, owner: Name, node: Node) -> None:
        if self.is_noting:
            self._note(owner, self.nodes.get(owner), node)
        self.nodes[owner] = node

    def _remove(self, owner: Name) -> None:
        if self.is_noting:
            self._note(owner, self.nodes.get(owner), None)
        del self.nodes[owner]

    def _note(self, owner: Name, old: Node | None, new: Node | None) -> None:
        if old is not None and owner not in self.changed:
            self.replaced[owner] = old
        self.changed[owner] = new

    def _raise_ancestors(self, owner: Name, zone: Zone) -> None:
        nodes, children, origin = self.nodes, self._children, zone.origin
        while owner != origin:
            owner = owner[1 + owner[0] :]  # its parent
            children[owner] = children.get(owner, 0) + 1
            if owner in nodes:
                return
            self._write(owner, empty_node(zone))

    def _fell(self, owner: Name, zone: Zone) -> None:
        self._remove(owner)
        while owner != zone.origin:
            owner = parent_of(owner)
            self._children[owner] -= 1
            if self._children[owner]:
                return
            del self._children[owner]
            node = self.nodes[owner]
            if node.owns or node.kind or owner in self._bare:
                return
            self._remove(owner)
