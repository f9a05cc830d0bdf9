"""Which objects a watcher wants, and what it is told when a change brings them in, or out of what it wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dnsd.authority.inventory import Inventory
from dnsd.codec.document import document_of
from dnsd.codec.selector import Selector, selects
from dnsd.model.change import Change
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey

Event = tuple[str, dict[str, object]]
"""Name and data."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a watcher wants, None and (): all, and may see.

    With ``labels``, what is put and not selected is told as a ``delete`` with the cause ``unselected``, known to the
    watcher or not: whoever keeps a list drops it, and nobody has to remember who was told what.
    """

    namespace: str | None
    service: str | None
    may_read: Callable[[Sequence[str]], bool] = lambda _: True
    labels: Selector = ()

    def wants(self, key: tuple[str, ...]) -> bool:
        """True for a service's or an endpoint's key that is wanted."""
        return self.namespace in (None, key[0]) and self.service in (None, key[1]) and self.may_read(key)

    def events(self, change: Change, inventory: Inventory) -> Iterator[Event]:
        """The events of a change; ``inventory`` has it already."""
        for removal in change.removals:
            if self.wants(removal.key):
                yield "delete", _gone(removal.key, removal.cause, change.revision)
        for value in self._touched(change, inventory):
            if self.wants(value.key):
                if self._selects(value, inventory):
                    yield "put", document_of(value)
                else:
                    yield "delete", _gone(value.key, "unselected", change.revision)

    def _touched(self, change: Change, inventory: Inventory) -> Iterator[Service | Endpoint]:
        """What was put; with labels also the endpoints of a service that was: they have its labels."""
        yield from change.puts
        if not self.labels:
            return
        told = {value.key for value in change.puts}
        for value in change.puts:
            holding = inventory.holdings.get(value.key[:2]) if isinstance(value, Service) else None
            for endpoint in [] if holding is None else list(holding.endpoints.values()):
                if endpoint.key not in told:
                    yield endpoint

    def _selects(self, value: Service | Endpoint, inventory: Inventory) -> bool:
        if isinstance(value, Service):
            return selects(self.labels, value.labels)
        return not self.labels or selects(self.labels, labels_of(value, inventory.service(value.service_key)))


def labels_of(endpoint: Endpoint, service: Service | None) -> dict[str, str]:
    """What a selector finds of an endpoint: its metadata, and the labels of its service below."""
    return {**(service.labels if service is not None else {}), **endpoint.metadata}


def _gone(key: ServiceKey | EndpointKey, cause: str, revision: int) -> dict[str, object]:
    if len(key) == 2:
        named: dict[str, object] = {"kind": "service", "namespace": key[0], "name": key[1]}
    else:
        named = {"kind": "endpoint", "namespace": key[0], "service": key[1], "id": key[2]}
    return named | {"cause": cause, "revision": revision}
