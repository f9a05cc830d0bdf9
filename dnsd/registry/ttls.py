"""The TTLs of late: what was answered under a longer one stays in caches when a service has a shorter one since."""

from __future__ import annotations

from cachetools import TTLCache

from dnsd.model.change import Change
from dnsd.model.errors import Gone
from dnsd.model.service import TTL_SECONDS_DEFAULT, TTL_SECONDS_MOST, Service, ServiceKey
from dnsd.registry.mirror import Mirror
from dnsd.runtime.clock import Clock

SERVICES_MOST = 10_000
"""Of so many services a longer TTL is remembered."""
LOADED_SECONDS = 60.0


class Ttls:
    """Follows every change from when this replica has loaded; what was lowered before that it does not know."""

    def __init__(self, mirror: Mirror, clock: Clock) -> None:
        self._mirror = mirror
        self._clock = clock
        self._stands: dict[ServiceKey, int] = {}
        """Of services whose TTL is not the default."""
        self._longer: TTLCache[ServiceKey, tuple[int, float]] = TTLCache(
            SERVICES_MOST, TTL_SECONDS_MOST, timer=clock.monotonic
        )
        """The longest TTL that a service had before, and when nobody can hold an answer of then any more."""

    def largest(self, service: Service) -> int:
        """Seconds: the largest TTL with which a cache may hold an answer of this service now."""
        seconds, over_at = self._longer.get(service.key, (0, 0.0))
        return max(service.ttl_seconds, seconds) if self._clock.monotonic() < over_at else service.ttl_seconds

    async def run(self) -> None:
        """Look at every change, for ever."""
        while not await self._mirror.moved(0, LOADED_SECONDS):
            pass  # nothing has been answered yet
        while True:
            with self._mirror.watch(None) as watch:
                self.look()
                try:
                    async for _, change in watch:
                        self.note(change)
                except Gone:
                    continue

    def look(self) -> None:
        """Compare everything: what was lowered while nobody looked was lowered now."""
        stands = {service.key: service.ttl_seconds for service in self._mirror.catalog.inventory.services()}
        for key in {*self._stands, *stands}:
            self._take(key, stands.get(key, TTL_SECONDS_DEFAULT))

    def note(self, change: Change) -> None:
        """Take in what a change says of TTLs. A service that is no more has the default, like one that is implied."""
        for removal in change.removals:
            if len(removal.key) == 2:
                self._take(removal.key, TTL_SECONDS_DEFAULT)
        for value in change.puts:
            if isinstance(value, Service):
                self._take(value.key, value.ttl_seconds)

    def _take(self, key: ServiceKey, seconds: int) -> None:
        before = self._stands.pop(key, TTL_SECONDS_DEFAULT)
        if seconds != TTL_SECONDS_DEFAULT:
            self._stands[key] = seconds
        if seconds < before:
            now = self._clock.monotonic()
            longer, over_at = self._longer.get(key, (0, 0.0))
            is_over = over_at <= now
            self._longer[key] = before if is_over else max(longer, before), max(over_at, now + before)
