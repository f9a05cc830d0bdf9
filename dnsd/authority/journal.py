"""The journal: what recent changes did to the registry's zones, record by record, for incremental transfers (RFC 1995).

Invariant: steps follow each other without a gap, so that whoever knows the zone at one of them can be led to the last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from dnsd.authority.node import Node
from dnsd.authority.records import node_records
from dnsd.model.names import Name

OCTETS_MOST = 8 << 20
"""Of the records that are kept; the oldest steps go first."""
_STEP_OCTETS = 200
SERIAL_MASK = 0xFFFFFFFF

Replaced = tuple[Name, Node | None, Node | None]
"""A name, its node before the change and after it."""


class Difference:
    """Records that went from a zone and records that came to it, owners written out."""

    __slots__ = ("added", "removed")

    def __init__(self) -> None:
        self.removed: dict[bytes, None] = {}
        self.added: dict[bytes, None] = {}

    def remove(self, record: bytes) -> None:
        """A record went; what came before, and goes now, never was."""
        if record in self.added:
            del self.added[record]
        else:
            self.removed[record] = None

    def add(self, record: bytes) -> None:
        """A record came; what went before, and comes back now, never left."""
        if record in self.removed:
            del self.removed[record]
        else:
            self.added[record] = None


class _Step:
    __slots__ = ("octets", "serial", "zones")

    def __init__(self, serial: int, zones: dict[Name, Difference]) -> None:
        self.serial = serial
        self.zones = zones
        records = (record for each in zones.values() for part in (each.removed, each.added) for record in part)
        self.octets = _STEP_OCTETS + sum(len(record) for record in records)


class Journal:
    """Steps of at most so many octets in all."""

    def __init__(self, octets_most: int = OCTETS_MOST) -> None:
        self._octets_most = octets_most
        self._octets = 0
        self._steps: deque[_Step] = deque()
        self._last: int | None = None
        self._is_ambiguous = False
        """True while the last serial stands for two contents, so that no step can start at it."""

    def clear(self) -> None:
        """Forget everything: the table was changed whole."""
        self._steps.clear()
        self._octets = 0

    def add(self, before: int, after: int, replaced: Iterable[Replaced]) -> None:
        """A change led from revision ``before`` to ``after``; without a new revision nobody can be led past it, nor
        from it.

        What changes order and weights alone changes no record, so it may go without.
        """
        differences = _differences(replaced)
        if self._last != before:
            self.clear()
            self._is_ambiguous = False
        self._last = after
        if before == after:
            if differences:
                self.clear()
                self._is_ambiguous = True
            return
        if self._is_ambiguous:
            self._is_ambiguous = False
            return
        step = _Step(before & SERIAL_MASK, differences)
        self._steps.append(step)
        self._octets += step.octets
        while self._octets > self._octets_most:
            self._octets -= self._steps.popleft().octets

    def since(self, origin: Name, serial: int) -> Difference | None:
        """What happened to the zone at ``origin`` since it had this serial, as one step; None when that is not known.

        RFC 1995 5 lets a server condense several steps into one.
        """
        start = next((at for at, step in enumerate(self._steps) if step.serial == serial), None)
        if start is None:
            return None
        total = Difference()
        for at in range(start, len(self._steps)):
            found = self._steps[at].zones.get(origin)
            for record in found.removed if found else ():
                total.remove(record)
            for record in found.added if found else ():
                total.add(record)
        return total


def _differences(replaced: Iterable[Replaced]) -> dict[Name, Difference]:
    zones: dict[Name, Difference] = {}
    for owner, old, new in replaced:
        standing = new if new is not None else old
        if standing is None or not standing.zone.follows_revision:
            continue
        zone = standing.zone
        before = set(node_records(owner, old)) if old is not None else set()
        after = set(node_records(owner, new)) if new is not None else set()
        if before != after:
            difference = zones.setdefault(zone.origin, Difference())
            difference.removed.update(dict.fromkeys(sorted(before - after)))
            difference.added.update(dict.fromkeys(sorted(after - before)))
    return zones
