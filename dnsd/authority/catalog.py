"""The catalog: the registry's documents and the static zones, compiled into the one table that answers come from.

Invariant: the mirror is its only writer, and the table is what the inventory and the static zones say, always.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter

from dnsd.authority.content import Content
from dnsd.authority.domain import Domain
from dnsd.authority.form import Packed
from dnsd.authority.image import Image, take_up
from dnsd.authority.inventory import Inventory
from dnsd.authority.lastknown import LastKnown
from dnsd.authority.reverse import zones_of
from dnsd.authority.slowstart import SlowStart
from dnsd.authority.table import Delta, Table
from dnsd.model.change import Change
from dnsd.model.names import Name, is_at_or_below
from dnsd.model.rrset import ZoneData
from dnsd.model.service import Endpoint, Service, ServiceKey

_key_of = attrgetter("key")
STEP_OBJECTS = 200
"""So many objects are taken in, or services compiled, between two breaths of the event loop."""


class Catalog:
    """All zones of one replica.

    ``zones``: origins of the cluster domains, the first one names PTR targets; ``reverse``: CIDRs whose PTR names are
    ours; ``advertised``: addresses of ``ns.dns.<zone>``; ``negative_ttl`` in seconds;
    ``known_elsewhere``: reverse domains whose missing names upstreams may know.
    """

    def __init__(
        self,
        zones: Sequence[Name],
        reverse: Sequence[str],
        advertised: Sequence[str],
        negative_ttl: int = 5,
        known_elsewhere: Collection[Name] = (),
    ) -> None:
        origins = dict.fromkeys(origin for cidr in reverse for origin in zones_of(cidr))
        shared = frozenset(
            origin
            for origin in origins
            if any(is_at_or_below(origin, other) or is_at_or_below(other, origin) for other in known_elsewhere)
        )
        self._domain = Domain(tuple(zones), tuple(origins), tuple(advertised), negative_ttl, shared)
        self._static: Sequence[ZoneData] = ()
        self._last_known = LastKnown()
        self._slow_start = SlowStart()
        self.table = Table()
        self._content = Content(self._domain, self._static, self._last_known, self._slow_start)

    @property
    def inventory(self) -> Inventory:
        """The documents as the last change left them."""
        return self._content.inventory

    @property
    def cluster_domains(self) -> tuple[Name, ...]:
        """Origins of the zones that services are published in."""
        return self._domain.zones

    @property
    def makings(self) -> str:
        """All that nodes are compiled from besides documents, as a text to compare."""
        domain = self._domain
        settings = domain.zones, domain.reverse, domain.advertised, domain.negative_ttl, sorted(domain.shared)
        return repr((settings, self._static))

    def image(self) -> Image:
        """All of this moment, to be kept: see :meth:`resume_steps`."""
        return Image(self._content, {*self._slow_start.rising, *self._last_known.known})

    def published(self, key: ServiceKey) -> Collection[Endpoint]:
        """The endpoints that this service's names are made of: its own, or those last known."""
        return self._content.published(key)

    def load(self, services: Iterable[Service], endpoints: Iterable[Endpoint], revision: int) -> None:
        """Hold exactly these documents, at once."""
        for _ in self.load_steps(services, endpoints, revision):
            pass

    def load_steps(self, services: Iterable[Service], endpoints: Iterable[Endpoint], revision: int) -> Iterator[None]:
        """Hold exactly these documents: built beside, shown at the last step. Apply no change in between."""
        # In order, because neighbours share names and ranges that are cached; a store gives them in none.
        values: list[Service | Endpoint] = [*sorted(services, key=_key_of), *endpoints]
        static = self._static
        beside = Content(self._domain, static, self._last_known, self._slow_start)
        beside.tree.is_noting = False
        for index, value in enumerate(values):
            beside.inventory.put(value)
            if index % STEP_OBJECTS == 0:
                yield
        self._last_known.reload(self.inventory, beside.inventory)
        for index, key in enumerate(beside.inventory.holdings):
            beside.publish(key)
            if index % STEP_OBJECTS == 0:
                yield
        yield from self._show(beside, static, revision)

    def resume_steps(self, parts: Iterable[Packed], revision: int) -> Iterator[None]:
        """The same with the parts of an :class:`Image`, which has the documents and what this code and ``makings`` made
        of them. Whatever drawing the parts raises leaves all as it was.
        """
        static = self._static
        beside = Content(self._domain, static, self._last_known, self._slow_start)
        beside.tree.is_noting = False
        timely: list[ServiceKey] = []
        for part in parts:
            timely += take_up(part, beside)
            yield
        for key in timely:
            beside.publish(key)
        yield from self._show(beside, static, revision)

    def _show(self, beside: Content, static: Sequence[ZoneData], revision: int) -> Iterator[None]:
        """Answer from what was built beside."""
        if static is not self._static:  # changed while it was built
            yield from self.load_steps(beside.inventory.services(), beside.inventory.endpoints(), revision)
            return
        beside.tree.drain_changes()
        beside.tree.is_noting = True
        beside.words.drain_changes()
        self._content = beside
        self.table.nodes, self.table.zones, self.table.words = beside.tree.nodes, beside.zones, beside.words
        self.table.stamp(revision)
        self.table.loaded = True
        if self.table.journal is not None:
            self.table.journal.clear()

    def apply(self, change: Change, now: float = 0.0) -> Delta:
        """Take one change in and compile what it touches, and what is due; ``now`` in monotonic seconds."""
        self._last_known.note(change, self.inventory, now)
        self._slow_start.note(change, self.inventory, now)
        touched = dict.fromkeys(self.inventory.apply(change))
        for key in (*touched, *self._due(now)):
            self._content.publish(key)
        return self._delta(change.revision)

    def is_due(self, now: float) -> bool:
        """True when time has changed answers: a last-known one is over, or the weight of who is new rises.

        The next change brings it with its revision, so that the serial rises whenever answers change.
        """
        return self._slow_start.is_due(now) or self._last_known.is_due(now, self.inventory)

    def expire(self, now: float) -> Delta | None:
        """Bring what is due without a revision of its own, for want of one; None when nothing is. ``now`` as in apply.

        Nobody who has this serial can then be led on from it: secondaries fetch the zone whole, after the next change.
        """
        due = self._due(now)
        for key in due:
            self._content.publish(key)
        return self._delta(self.table.revision) if due else None

    def set_static(self, zones: Sequence[ZoneData]) -> None:
        """Serve these static zones in place of those before, at once."""
        for _ in self.static_steps(zones):
            pass

    def static_steps(self, zones: Sequence[ZoneData]) -> Iterator[None]:
        """The same in steps: the last replaces the table whole, if it was loaded. Apply no change meanwhile."""
        self._static = tuple(zones)
        if self.table.loaded:
            yield from self.load_steps(self.inventory.services(), self.inventory.endpoints(), self.table.revision)

    def _due(self, now: float) -> list[ServiceKey]:
        """The services that time has changed, each once, now compiled with what it is."""
        risen = self._slow_start.advance(now, self.inventory) if self._slow_start.is_due(now) else []
        return list(dict.fromkeys((*self._last_known.expire(now), *risen)))

    def _delta(self, revision: int) -> Delta:
        """What was compiled since the last one, as of ``revision``, which the table shows from now on."""
        replaced = self._content.tree.replaced
        changed = self._content.tree.drain_changes()
        if self.table.journal is not None:
            self.table.journal.add(
                self.table.revision, revision, [(owner, replaced.get(owner), node) for owner, node in changed]
            )
        self.table.stamp(revision)
        return Delta(revision, changed, self._content.words.drain_changes())
