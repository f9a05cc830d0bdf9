"""Drain: an endpoint leaves the answers of every replica while it lives on, and its owner learns when that is safe."""

from __future__ import annotations

from dataclasses import dataclass

from dnsd.authority.schema import answered
from dnsd.codec.audit import Author
from dnsd.model.service import EndpointKey, Service
from dnsd.registry.mirror import Mirror
from dnsd.registry.operations import Mark, Written
from dnsd.registry.replicas import Replicas
from dnsd.registry.services import Services
from dnsd.registry.ttls import Ttls
from dnsd.runtime.clock import Clock

DRAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Drained:
    """Who applied it, and who did not in time.

    ``safe_at``: Unix time from which no cache can hold the endpoint; None: nobody can tell, because a replica is still
    to apply it, or because it stays in the answers. ``last``: it is the last one of its service that can be answered,
    so it stays in the answers, unless drained by force.
    """

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    safe_at: float | None
    last: bool
    written: Written


class Drains:
    """Drains asked of this replica. ``floor_seconds`` is added to every ``safe_at``.

    Their methods raise what Services' do.
    """

    def __init__(
        self,
        services: Services,
        mirror: Mirror,
        replicas: Replicas,
        ttls: Ttls,
        clock: Clock,
        *,
        floor_seconds: float = 0.0,
    ) -> None:
        self._services = services
        self._mirror = mirror
        self._replicas = replicas
        self._ttls = ttls
        self._clock = clock
        self._floor_seconds = floor_seconds

    async def drain(self, key: EndpointKey, force: bool = False, author: Author | None = None) -> Drained:
        """Take it out of the answers; comes back when all live replicas did, or after DRAIN_SECONDS."""
        written = await self._services.write(Mark(key, "f" if force else "x"), author)
        standing = await self._replicas.applied(written.revision, DRAIN_SECONDS)
        last = self._is_last(key, force)
        is_out = not standing.pending and (force or not last)
        return Drained(standing.applied, standing.pending, self._safe_at(key) if is_out else None, last, written)

    async def undrain(self, key: EndpointKey, author: Author | None = None) -> Written:
        """Back into the answers, if it is ready."""
        return await self._services.write(Mark(key, "-"), author)

    def _is_last(self, key: EndpointKey, force: bool) -> bool:
        """True when nobody else of the service can be answered, so that it would be answered even draining."""
        holding = self._mirror.catalog.inventory.holdings.get(key[:2])
        if holding is None:
            return False
        service = holding.service or Service(*key[:2], declared=False)
        others = [each for each in holding.endpoints.values() if each.id != key[2]]
        if any(not each.draining for each in answered(service, others)):
            return False
        drained = holding.endpoints.get(key[2])
        return force or (drained is not None and bool(answered(service, [drained])))

    def _safe_at(self, key: EndpointKey) -> float:
        service = self._mirror.catalog.inventory.service(key[:2]) or Service(*key[:2], declared=False)
        return self._clock.wall() + self._ttls.largest(service) + self._floor_seconds
