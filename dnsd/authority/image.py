"""The image of a catalog: its documents and all that was compiled of them, as plain values that can be kept.

Taken up again it is what a load of the same documents would make, in a quarter of the time: nothing is parsed, checked
or compiled. Invariant: that holds for the same code, settings and static zones alone; whoever keeps it tells by them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from dnsd.authority.content import Content
from dnsd.authority.form import Packed
from dnsd.authority.node import unpack_node
from dnsd.model.names import Name
from dnsd.model.packed import pack_endpoint, pack_service, unpack_endpoint, unpack_service
from dnsd.model.service import Endpoint, Service, ServiceKey

SERVICES_A_PART = 32
NODES_A_PART = 200
"""A part is made in 1 to 2 ms; larger ones would be no cheaper, and keep the event loop waiting."""


class Image:
    """Everything of ``content`` in this moment, caught in shallow copies: documents and nodes never change, they are
    replaced. So :meth:`parts` may be drawn at leisure and in another thread, while the catalog goes on.

    ``timely``: the services whose nodes the time of day has a part in; they are compiled anew when it is taken up.
    """

    def __init__(self, content: Content, timely: Collection[ServiceKey]) -> None:
        self._holdings: list[tuple[ServiceKey, Service | None, list[Endpoint]]] = [
            (key, holding.service, list(holding.endpoints.values()))
            for key, holding in content.inventory.holdings.items()
        ]
        self._owners = dict(content.owners)
        self._given = content.pointers.copy()
        self._nodes = dict(content.tree.nodes)
        self._standing = content.tree.standing(), list(content.words.all()), tuple(timely)

    def parts(self) -> Iterator[Packed]:
        """All of it, in parts for :func:`take_up`, each of which marshal can write."""
        yield [], [], self._standing
        drawn: set[Name] = set()
        holdings = iter(self._holdings)
        while some := list(islice(holdings, SERVICES_A_PART)):
            parcels = [self._parcel(*holding) for holding in some]
            drawn.update(owner for parcel in parcels for owner, _ in parcel[3])
            yield parcels, [], None
        rest = ((owner, node.pack()) for owner, node in self._nodes.items() if owner not in drawn)
        while nodes := list(islice(rest, NODES_A_PART)):
            yield [], nodes, None

    def _parcel(self, key: ServiceKey, service: Service | None, endpoints: Iterable[Endpoint]) -> Packed:
        """A service with its endpoints, and the names that it owns and gives: together, because they share octets."""
        owned = [(owner, self._nodes[owner].pack()) for owner in self._owners.get(key, ())]
        known = None if service is None else pack_service(service)
        return key, known, [pack_endpoint(each) for each in endpoints], owned, self._given.of(key)


def take_up(part: Packed, content: Content) -> Collection[ServiceKey]:
    """Put one part into a content that is fresh but for the parts before it; returns its ``timely`` services."""
    parcels, nodes, standing = part
    for key, service, endpoints, owned, given in parcels:
        content.inventory.hold(
            key, None if service is None else unpack_service(service), map(unpack_endpoint, endpoints)
        )
        _put_nodes(owned, content)
        if owned:
            content.owners[key] = tuple([owner for owner, _ in owned])
        content.pointers.restore(key, given)
    _put_nodes(nodes, content)
    if standing is None:
        return ()
    tree, said, timely = standing
    content.tree.restore(tree)
    content.words.take(said)
    return tuple(timely)


def _put_nodes(nodes: Iterable[tuple[Name, Packed]], content: Content) -> None:
    known, zones = content.tree.nodes, content.zones
    for owner, packed in nodes:
        known[owner] = unpack_node(packed, zones)
