"""``when_empty: last_known``: a service that lost its last endpoint goes on with those it had, for a bounded time.

Only what expired or turned unready is kept; what was deleted or drained on purpose never is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from dnsd.authority.inventory import Inventory
from dnsd.authority.schema import answered
from dnsd.model.change import Change
from dnsd.model.service import Endpoint, Service, ServiceKey

KEPT_SECONDS = 600.0


class LastKnown:
    """The endpoints that went last, by service, with the moment at which they are forgotten."""

    def __init__(self) -> None:
        self._kept: dict[ServiceKey, tuple[float, dict[str, Endpoint]]] = {}

    def note(self, change: Change, inventory: Inventory, now: float) -> None:
        """Look at a change before it is applied, and keep what it makes go against the service's will."""
        deleted = {removal.key for removal in change.removals if removal.cause == "deleted"}
        for key in {value.key[:2] for value in change.puts} | {removal.key[:2] for removal in change.removals}:
            service = inventory.service(key)
            if service is not None and service.when_empty == "last_known":
                self._note_service(service, inventory, change, deleted, now)

    def endpoints(self, service: Service, current: Mapping[str, Endpoint]) -> Collection[Endpoint]:
        """The endpoints to publish: the current ones, or the kept ones when none of those can be answered."""
        if (
            service.when_empty != "last_known"
            or service.key not in self._kept
            or answered(service, list(current.values()))
        ):
            return current.values()
        return self._kept[service.key][1].values()

    def expire(self, now: float) -> list[ServiceKey]:
        """Forget what was kept long enough; returns the services that were answered from it."""
        ended = [key for key, (until, _) in self._kept.items() if until <= now]
        for key in ended:
            del self._kept[key]
        return ended

    def _note_service(
        self, service: Service, inventory: Inventory, change: Change, deleted: Iterable[object], now: float
    ) -> None:
        until, kept = self._kept.get(service.key, (now + KEPT_SECONDS, {}))
        holding = inventory.holdings[service.key]
        going = answered(service, list(holding.endpoints.values()))
        if going:
            until, kept = now + KEPT_SECONDS, {each.id: each for each in going}
        drained = {value.key for value in change.puts if isinstance(value, Endpoint) and value.draining}
        kept = {
            each.id: replace(each, ready=True)
            for each in kept.values()
            if each.key not in deleted and each.key not in drained and not each.draining
        }
        if kept:
            self._kept[service.key] = until, kept
        else:
            self._kept.pop(service.key, None)
