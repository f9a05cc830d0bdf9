"""``when_empty: last_known``: a service that lost its last endpoint goes on with those it had, for a bounded time.

Only what expired or turned unready is kept; what was deleted, drained or given weight 0 on purpose never is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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

    @property
    def known(self) -> Collection[ServiceKey]:
        """The services of which something is kept."""
        return self._kept.keys()

    def note(self, change: Change, inventory: Inventory, now: float) -> None:
        """Look at a change before it is applied, and keep what it makes go against the service's will."""
        removed = {removal.key for removal in change.removals}
        withdrawn = {removal.key for removal in change.removals if removal.cause == "deleted"}
        withdrawn.update(value.key for value in change.puts if isinstance(value, Endpoint) and _is_withdrawn(value))
        for key in {value.key[:2] for value in change.puts} | {each[:2] for each in removed}:
            service = inventory.service(key)
            if service is None or service.when_empty != "last_known" or key in removed:
                self._kept.pop(key, None)
            else:
                self._note_service(service, inventory, withdrawn, now)

    def reload(self, before: Inventory, after: Inventory) -> None:
        """Look at documents that were loaded anew: what went unseen may have gone on purpose, so it is not kept."""
        for key, (until, kept) in list(self._kept.items()):
            old, new = before.service(key), after.service(key)
            is_same = old is not None and new is not None and old.generation == new.generation
            self._keep(key, until, [each for each in kept.values() if is_same and _may_stay(each, before, after)])

    def endpoints(self, service: Service, current: Mapping[str, Endpoint]) -> Collection[Endpoint]:
        """The endpoints to publish: the current ones, or the kept ones when none of those can be answered."""
        if (
            service.when_empty != "last_known"
            or service.key not in self._kept
            or answered(service, list(current.values()))
        ):
            return current.values()
        return self._kept[service.key][1].values()

    def is_due(self, now: float, inventory: Inventory) -> bool:
        """True when a service is answered from what was kept long enough."""
        return any(until <= now and self._is_answered_from(key, inventory) for key, (until, _) in self._kept.items())

    def expire(self, now: float) -> list[ServiceKey]:
        """Forget what was kept long enough; returns the services that were answered from it."""
        ended = [key for key, (until, _) in self._kept.items() if until <= now]
        for key in ended:
            del self._kept[key]
        return ended

    def _is_answered_from(self, key: ServiceKey, inventory: Inventory) -> bool:
        holding = inventory.holdings.get(key)
        if holding is None or holding.service is None:
            return False
        return not answered(holding.service, list(holding.endpoints.values()))

    def _note_service(self, service: Service, inventory: Inventory, withdrawn: Collection[object], now: float) -> None:
        until, kept = self._kept.get(service.key, (now + KEPT_SECONDS, {}))
        holding = inventory.holdings[service.key]
        going = [each for each in answered(service, list(holding.endpoints.values())) if not each.draining]
        if going:
            until, kept = now + KEPT_SECONDS, {each.id: each for each in going}
        self._keep(service.key, until, [each for each in kept.values() if each.key not in withdrawn])

    def _keep(self, key: ServiceKey, until: float, endpoints: Collection[Endpoint]) -> None:
        if endpoints:
            self._kept[key] = until, {each.id: replace(each, ready=True) for each in endpoints}
        else:
            self._kept.pop(key, None)


def _is_withdrawn(endpoint: Endpoint) -> bool:
    return endpoint.draining or not endpoint.weight


def _may_stay(kept: Endpoint, before: Inventory, after: Inventory) -> bool:
    """True for what was gone before already, and for what is still there."""
    now = after.endpoint(kept.key)
    return before.endpoint(kept.key) is None if now is None else not _is_withdrawn(now)
