"""Everything in the store, read beside the serving mirror: built whole, then compared and swapped."""

from __future__ import annotations

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change, Removal
from dnsd.model.errors import StoreUnavailable
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey
from dnsd.registry.merging import implicit_services
from dnsd.store.reader import Position, Reader
from dnsd.store.record import BadRecord, read_change, read_endpoints, read_services


class Content:
    """Services and endpoints as of ``position``; ``bad`` holds the records that made no sense."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self.revision = position.revision
        self.services: dict[ServiceKey, Service] = {}
        self.endpoints: dict[EndpointKey, Endpoint] = {}
        self.bad: list[BadRecord] = []

    def __contains__(self, key: ServiceKey | EndpointKey) -> bool:
        return key in self.endpoints if len(key) == 3 else key in self.services

    @property
    def is_empty(self) -> bool:
        """True when the store holds nothing at all, not even garbage."""
        return not (self.services or self.endpoints or self.bad)

    def apply(self, change: Change) -> None:
        """Take one change in."""
        for removal in change.removals:
            if len(removal.key) == 3:
                self.endpoints.pop(removal.key, None)
                continue
            self.services.pop(removal.key, None)
            for key in [key for key in self.endpoints if key[:2] == removal.key]:
                del self.endpoints[key]
        for value in change.puts:
            if isinstance(value, Service):
                self.services[value.key] = value
            else:
                self.endpoints[value.key] = value
        self.revision = change.revision

    def adopt_orphans(self) -> None:
        """Give endpoints whose service is not known an implicit one."""
        self.services.update((each.key, each) for each in implicit_services(self.endpoints.values(), self.services))

    def difference_from(self, inventory: Inventory) -> Change:
        """The change that makes the inventory what this is. A revision is never used twice, so it tells all."""
        values: list[Service | Endpoint] = [*self.services.values(), *self.endpoints.values()]
        puts = [
            value for value in values if (known := _known(inventory, value)) is None or known.revision != value.revision
        ]
        gone = [Removal(each.key, "deleted") for each in inventory.endpoints() if each.key not in self.endpoints]
        ended = [Removal(each.key, "deleted") for each in inventory.services() if each.key not in self.services]
        return Change(self.revision, tuple(puts), (*gone, *ended))


async def read_content(reader: Reader) -> Content:
    """Read everything. A scan takes its time, so the changes made meanwhile are applied behind it.

    Raises StoreUnavailable, with the reason ``moving`` when those changes do not lead on from where the scan began.
    """
    content = Content(await reader.position())
    async for pairs in reader.services():
        content.services.update((each.key, each) for each in read_services(pairs, content.bad))
    async for pairs in reader.endpoints():
        content.endpoints.update((each.key, each) for each in read_endpoints(pairs, content.bad))
    changes = await changes_since(reader, content.revision, content.bad)
    if changes is None:
        raise StoreUnavailable("moving", "the store changed faster than it could be read")
    for change in changes:
        content.apply(change)
    after = await reader.position()
    if (after.epoch, after.history) != (content.position.epoch, content.position.history):
        raise StoreUnavailable("moving", "the store was replaced while it was read")
    content.adopt_orphans()
    return content


async def changes_since(reader: Reader, revision: int, bad: list[BadRecord]) -> list[Change] | None:
    """All that the stream has behind ``revision``; None when something there is missing. What makes no sense is put
    into ``bad``. Raises StoreUnavailable.
    """
    changes: list[Change] = []
    while entries := await reader.changes(revision):
        for number, fields in entries:
            if number != revision + 1:
                return None
            changes.append(read_change(number, fields, bad))
            revision = number
    return changes


def _known(inventory: Inventory, value: Service | Endpoint) -> Service | Endpoint | None:
    return inventory.service(value.key) if isinstance(value, Service) else inventory.endpoint(value.key)
