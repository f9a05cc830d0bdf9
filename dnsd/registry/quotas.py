"""How much a namespace may hold: a stranger with a grant of one cannot fill the store of all.

Counted in the mirror and in what is on its way there from this replica; several replicas together may pass a limit by
what each of them has on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from dnsd.model.errors import DnsdError
from dnsd.model.service import METADATA_OCTETS_DEFAULT, Endpoint, EndpointKey, Service, ServiceKey
from dnsd.registry.mirror import Mirror
from dnsd.registry.operations import Delete, Edit, Operation, Put

Key = ServiceKey | EndpointKey


class OverQuota(DnsdError):
    """The namespace, or the service, holds as much as it may; the detail names the setting."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of each; 0: no limit. ``metadata_octets``: of an endpoint's metadata, of a service's labels."""

    services: int = 1000
    endpoints: int = 10_000
    service_endpoints: int = 1000
    metadata_octets: int = METADATA_OCTETS_DEFAULT


DEFAULTS = Limits()


class Quotas:
    """The quotas as this replica keeps them."""

    def __init__(self, mirror: Mirror, limits: Limits) -> None:
        self._mirror = mirror
        self._limits = limits
        self._coming: dict[Key, int] = {}

    @contextmanager
    def room_for(self, operations: Sequence[Operation]) -> Iterator[None]:
        """Room for what the operations add, held until they are done. Raises OverQuota."""
        for index, operation in enumerate(operations):
            self._check_metadata(index, operation)
        new = self._new(operations)
        if new:
            self._check_counts(new, self._going(operations))
        coming = self._coming
        for key in new:
            coming[key] = coming.get(key, 0) + 1
        try:
            yield
        finally:
            for key in new:
                if coming[key] > 1:
                    coming[key] -= 1
                else:
                    del coming[key]

    def _new(self, operations: Iterable[Operation]) -> set[Key]:
        """The objects that do not stand yet, services that endpoints declare among them."""
        inventory = self._mirror.catalog.inventory
        new: set[Key] = set()
        for operation in operations:
            if not isinstance(operation, Put):
                continue
            key = operation.key
            holding = inventory.holdings.get(key[:2])
            if holding is None or holding.service is None:
                new.add(key[:2])
            if len(key) == 3 and (holding is None or key[2] not in holding.endpoints):
                new.add(key)
        return new

    def _going(self, operations: Iterable[Operation]) -> set[Key]:
        """The objects that leave in the same change."""
        inventory = self._mirror.catalog.inventory
        going: set[Key] = set()
        for operation in operations:
            if not isinstance(operation, Delete):
                continue
            holding = inventory.holdings.get(operation.key[:2])
            if holding is None:
                continue
            if len(operation.key) == 3:
                going |= {operation.key} if operation.key[2] in holding.endpoints else set()
            else:
                going |= {operation.key, *(each.key for each in holding.endpoints.values())}
        return going

    def _check_counts(self, new: set[Key], going: set[Key]) -> None:
        more = _by_place(new)
        less = _by_place(going)
        coming: dict[tuple[str, ...], int] | None = None
        for place, added in more.items():
            most, setting, what = self._limit(place)
            count = self._standing(place) - less.get(place, 0) + added
            if not most or count + len(self._coming) <= most:  # room, whatever is on its way
                continue
            if coming is None:
                coming = _by_place(key for key in self._coming if key not in new and not self._stands(key))
            count += coming.get(place, 0)
            if count > most:
                name = "/".join(place[1:])
                raise OverQuota(f"{name} would hold {count} {what}, at most {most} are allowed ({setting})")

    def _stands(self, key: Key) -> bool:
        inventory = self._mirror.catalog.inventory
        return (inventory.service(key) if len(key) == 2 else inventory.endpoint(key)) is not None

    def _limit(self, place: tuple[str, ...]) -> tuple[int, str, str]:
        if place[0] == "services":
            return self._limits.services, "quota_services", "services"
        if len(place) == 2:
            return self._limits.endpoints, "quota_endpoints", "endpoints"
        return self._limits.service_endpoints, "quota_service_endpoints", "endpoints"

    def _standing(self, place: tuple[str, ...]) -> int:
        inventory = self._mirror.catalog.inventory
        if len(place) == 3:
            holding = inventory.holdings.get((place[1], place[2]))
            return len(holding.endpoints) if holding else 0
        count = inventory.counts.get(place[1])
        return 0 if count is None else int(getattr(count, place[0]))

    def _check_metadata(self, index: int, operation: Operation) -> None:
        if isinstance(operation, Put):
            self._measure(index, operation.value)

    def measured(self, edit: Edit) -> Edit:
        """The edit, with a look at what it makes of the metadata."""

        def make(was: Endpoint) -> Endpoint:
            now = edit.edit(was)
            self._measure(None, now)
            return now

        return Edit(edit.key, make, edit.precondition)

    def _measure(self, index: int | None, value: Service | Endpoint) -> None:
        most = self._limits.metadata_octets
        what, texts = ("labels", value.labels) if isinstance(value, Service) else ("metadata", value.metadata)
        if not texts:
            return
        octets = _octets(texts)
        if most and octets > most:
            fault = OverQuota(f"{what} of {octets} octets, at most {most} are allowed (quota_metadata_octets)")
            fault.index = index
            raise fault


def _octets(texts: Mapping[str, str]) -> int:
    return sum(len(name.encode()) + len(text.encode()) for name, text in texts.items())


def _by_place(keys: Iterable[Key]) -> dict[tuple[str, ...], int]:
    """How many of the keys count where: services and endpoints of a namespace, endpoints of a service."""
    places: dict[tuple[str, ...], int] = {}
    for key in keys:
        wider = ("services" if len(key) == 2 else "endpoints", key[0])
        for place in (wider,) if len(key) == 2 else (wider, (*wider, key[1])):
            places[place] = places.get(place, 0) + 1
    return places
