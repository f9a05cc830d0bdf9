"""Who left the answers of late, and why: what the documents no longer say, kept for those who ask for reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cachetools import TTLCache

from dnsd.model.change import Change
from dnsd.model.errors import Gone
from dnsd.model.service import Endpoint, ServiceKey
from dnsd.registry.mirror import Mirror
from dnsd.runtime.clock import Clock

KEPT_SECONDS = 600.0
SERVICES_MOST = 10_000
ENDPOINTS_MOST = 100
"""So many of one service are remembered."""

Cause = Literal["deleted", "expired", "draining", "not-ready", "weight-0", "failing"]


@dataclass(frozen=True, slots=True)
class Departure:
    """Why an endpoint left, and how many seconds ago this replica saw it go."""

    cause: Cause
    seconds_ago: float


class Departures:
    """The departures of the last ten minutes, by service; of each service the latest."""

    def __init__(self, mirror: Mirror, clock: Clock) -> None:
        self._mirror = mirror
        self._clock = clock
        self._seen: TTLCache[ServiceKey, dict[str, tuple[Cause, float]]] = TTLCache(
            SERVICES_MOST, KEPT_SECONDS, timer=clock.monotonic
        )

    def of(self, key: ServiceKey) -> dict[str, Departure]:
        """Those who left this service, by id."""
        now = self._clock.monotonic()
        seen = self._seen.get(key, {})
        return {each: Departure(cause, now - at) for each, (cause, at) in seen.items() if now - at <= KEPT_SECONDS}

    async def run(self) -> None:
        """Look at every change, for ever."""
        while True:
            with self._mirror.watch(None) as watch:
                try:
                    async for _, change in watch:
                        self.note(change)
                except Gone:
                    continue

    def note(self, change: Change) -> None:
        """Remember who left with this change, and forget who came back."""
        now = self._clock.monotonic()
        for key, identifier, cause in _causes(change):
            seen = self._seen.get(key)
            if seen is None:
                if cause is None:
                    continue  # nobody of its service has left: so it is with most who come
                seen = {}
            known = seen.pop(identifier, None)
            if cause is not None:
                seen[identifier] = known if known is not None and known[0] == cause else (cause, now)
                while len(seen) > ENDPOINTS_MOST:
                    del seen[next(iter(seen))]
            if seen:
                self._seen[key] = seen
            else:
                self._seen.pop(key, None)


def _causes(change: Change) -> Iterator[tuple[ServiceKey, str, Cause | None]]:
    for removal in change.removals:
        if len(removal.key) == 3:
            yield removal.key[:2], removal.key[2], removal.cause
    for value in change.puts:
        if isinstance(value, Endpoint):
            yield value.service_key, value.id, _cause(value)


def _cause(endpoint: Endpoint) -> Cause | None:
    if endpoint.draining:
        return "draining"
    if not endpoint.weight:
        return "weight-0"
    if not endpoint.ready:
        return "not-ready"
    return None if endpoint.failing is None else "failing"
