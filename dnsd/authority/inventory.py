"""The mirror of documents: every service with its endpoints, as the last applied change left them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey


class Holding:
    """A service and its endpoints by id; ``service`` is None while only endpoints have come."""

    __slots__ = ("endpoints", "service")

    def __init__(self, service: Service | None = None) -> None:
        self.service = service
        self.endpoints: dict[str, Endpoint] = {}


class Count:
    """How much a namespace holds."""

    __slots__ = ("endpoints", "services")

    def __init__(self) -> None:
        self.services = 0
        self.endpoints = 0


class Inventory:
    """All holdings by (namespace, name). ``counts``: of each namespace, how many services and endpoints.

    ``checked``: the holdings whose service asks for active health checks, few of many.
    """

    def __init__(self) -> None:
        self.holdings: dict[ServiceKey, Holding] = {}
        self.counts: dict[str, Count] = {}
        self.checked: dict[ServiceKey, Holding] = {}

    def service(self, key: ServiceKey) -> Service | None:
        """The service, if it is known."""
        holding = self.holdings.get(key)
        return holding.service if holding else None

    def endpoint(self, key: EndpointKey) -> Endpoint | None:
        """The endpoint, if it is known."""
        holding = self.holdings.get(key[:2])
        return holding.endpoints.get(key[2]) if holding else None

    def services(self) -> Iterator[Service]:
        """Every service, in no order."""
        return (holding.service for holding in self.holdings.values() if holding.service is not None)

    def endpoints(self) -> Iterator[Endpoint]:
        """Every endpoint, in no order."""
        return (each for holding in self.holdings.values() for each in holding.endpoints.values())

    def put(self, value: Service | Endpoint) -> ServiceKey:
        """Take the value in, in place of what it replaces; returns the service it touches."""
        key = value.key[:2]
        holding = self.holdings.get(key)
        if holding is None:
            holding = self.holdings[key] = Holding()
        if isinstance(value, Service):
            if holding.service is None:
                self._count(value.namespace).services += 1
            holding.service = value
            if value.health is not None:
                self.checked[key] = holding
            else:
                self.checked.pop(key, None)
        else:
            if value.id not in holding.endpoints:
                self._count(value.namespace).endpoints += 1
            holding.endpoints[value.id] = value
        return key

    def hold(self, key: ServiceKey, service: Service | None, endpoints: Iterable[Endpoint]) -> None:
        """Take a service and all its endpoints in, none of which was known."""
        holding = self.holdings[key] = Holding(service)
        holding.endpoints = {each.id: each for each in endpoints}
        count = self._count(key[0])
        count.services += service is not None
        count.endpoints += len(holding.endpoints)
        if service is not None and service.health is not None:
            self.checked[key] = holding

    def remove(self, removal: Removal) -> ServiceKey:
        """Forget an endpoint, or a service (its endpoints have removals of their own); returns the service touched."""
        key: ServiceKey = removal.key[:2]
        holding = self.holdings.get(key)
        if holding is None:
            return key
        count = self._count(key[0])
        if len(removal.key) == 2:
            count.services -= holding.service is not None
            holding.service = None
            self.checked.pop(key, None)
        else:
            count.endpoints -= holding.endpoints.pop(removal.key[2], None) is not None
        if not count.services and not count.endpoints:
            del self.counts[key[0]]
        if holding.service is None and not holding.endpoints:
            del self.holdings[key]
        return key

    def apply(self, change: Change) -> Iterable[ServiceKey]:
        """Take a whole change in; returns the services it touches, each once."""
        touched = {self.remove(removal): None for removal in change.removals}
        touched.update((self.put(value), None) for value in change.puts)
        return touched

    def _count(self, namespace: str) -> Count:
        count = self.counts.get(namespace)
        if count is None:
            count = self.counts[namespace] = Count()
        return count
