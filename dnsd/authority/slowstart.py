"""``slow_start_seconds``: the weight of a new endpoint rises from 1 to its own, so that it can warm up.

New is what a change brings in while the catalog looks on; what a load finds was there before and counts in full.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change
from dnsd.model.service import Endpoint, Service, ServiceKey

STEP_SECONDS = 1.0
"""Weights rise as often as this: each step is a revision, and what secondaries have to fetch."""


class SlowStart:
    """The endpoints that are warming up, by service, each with the moment at which it came."""

    def __init__(self) -> None:
        self._came: dict[ServiceKey, dict[str, float]] = {}
        self._now = 0.0
        self._stepped_at = 0.0

    @property
    def rising(self) -> Collection[ServiceKey]:
        """The services with weights that are still to rise."""
        return self._came.keys()

    def note(self, change: Change, inventory: Inventory, now: float) -> None:
        """Look at a change before it is applied: who is new starts, who goes is forgotten. ``now`` is monotonic."""
        self._now = now
        slow = {value.key: value.slow_start_seconds for value in change.puts if isinstance(value, Service)}
        for removal in change.removals:
            if len(removal.key) == 3:
                self._forget(removal.key[:2], removal.key[2])
        for value in change.puts:
            if not isinstance(value, Endpoint):
                continue
            key = value.service_key
            seconds = slow.get(key)
            if seconds is None:
                known = inventory.service(key)
                seconds = slow[key] = known.slow_start_seconds if known else 0
            if seconds and inventory.endpoint(value.key) is None:
                if not self._came:
                    self._stepped_at = now
                self._came.setdefault(key, {})[value.id] = now

    def endpoints(self, service: Service, endpoints: Collection[Endpoint]) -> Collection[Endpoint]:
        """The endpoints with the weights that they have at this moment."""
        came = self._came.get(service.key)
        if not came or not service.slow_start_seconds:
            return endpoints
        return [self._warming(each, came.get(each.id), service.slow_start_seconds) for each in endpoints]

    def is_due(self, now: float) -> bool:
        """True when it is time for the next step of weights that rise."""
        return bool(self._came) and now - self._stepped_at >= STEP_SECONDS

    def advance(self, now: float, inventory: Inventory) -> list[ServiceKey]:
        """Let time pass; returns the services whose weights have to be compiled anew."""
        self._now = self._stepped_at = now
        risen = list(self._came)
        for key in risen:
            service = inventory.service(key)
            seconds = service.slow_start_seconds if service is not None else 0
            for identifier, came in list(self._came[key].items()):
                if now - came >= seconds:
                    self._forget(key, identifier)
        return risen

    def _warming(self, endpoint: Endpoint, came: float | None, seconds: int) -> Endpoint:
        share = 1.0 if came is None else (self._now - came) / seconds
        if share >= 1 or endpoint.weight <= 1:
            return endpoint
        return replace(endpoint, weight=1 + int((endpoint.weight - 1) * share))

    def _forget(self, key: ServiceKey, identifier: str) -> None:
        came = self._came.get(key, {})
        came.pop(identifier, None)
        if not came:
            self._came.pop(key, None)
