"""Changes that waited together, applied as one: a service that a hundred endpoints joined is compiled once.

Each is first completed with what the store leaves unsaid: the endpoints that go with a service, and an implicit service
for endpoints whose own is not known (its record is garbage, say: good records are served).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey

Last = Service | Endpoint | Removal


class Merging:
    """Consecutive changes to an inventory, which itself stays as it is. ``changes``: each of them, completed."""

    def __init__(self, inventory: Inventory, revision: int) -> None:
        self._inventory = inventory
        self._last: dict[ServiceKey | EndpointKey, Last] = {}
        self.changes: list[Change] = []
        self.revision = revision

    @property
    def size(self) -> int:
        """So many objects are touched."""
        return len(self._last)

    @property
    def change(self) -> Change:
        """All of them as one."""
        puts = tuple(last for last in self._last.values() if not isinstance(last, Removal))
        removals = tuple(last for last in self._last.values() if isinstance(last, Removal))
        return Change(self.revision, puts, removals)

    @property
    def removed(self) -> int:
        """So many endpoints were removed, those that came back since among them."""
        return sum(len(removal.key) == 3 for change in self.changes for removal in change.removals)

    def add(self, change: Change) -> None:
        """Take in the next change."""
        change = self._completed(change)
        for removal in change.removals:
            self._last[removal.key] = removal
        for value in change.puts:
            self._last[value.key] = value
        self.changes.append(change)
        self.revision = change.revision

    def _completed(self, change: Change) -> Change:
        removed = {removal.key for removal in change.removals}
        along = [
            Removal(key, removal.cause)
            for removal in change.removals
            if len(removal.key) == 2
            for key in self._endpoints_of(removal.key)
            if key not in removed
        ]
        known = {value.key for value in change.puts if isinstance(value, Service)}
        endpoints = [value for value in change.puts if isinstance(value, Endpoint)]
        known.update(each.service_key for each in endpoints if self._knows(each.service_key, removed))
        return Change(change.revision, (*implicit_services(endpoints, known), *change.puts), (*along, *change.removals))

    def _endpoints_of(self, key: ServiceKey) -> Iterator[EndpointKey]:
        holding = self._inventory.holdings.get(key)
        held = {each.key for each in holding.endpoints.values()} if holding else set()
        yield from (each for each in held if not isinstance(self._last.get(each), Removal))
        for last in self._last.values():
            if isinstance(last, Endpoint) and last.service_key == key and last.key not in held:
                yield last.key

    def _knows(self, key: ServiceKey, removed: Container[object]) -> bool:
        if key in removed:
            return False
        last = self._last.get(key)
        return self._inventory.service(key) is not None if last is None else isinstance(last, Service)


def implicit_services(endpoints: Iterable[Endpoint], known: Container[ServiceKey]) -> list[Service]:
    """An implicit service for each endpoint's that is not known."""
    missing = dict.fromkeys(each.service_key for each in endpoints if each.service_key not in known)
    return [Service(*key, declared=False) for key in missing]
