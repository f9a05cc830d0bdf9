"""The control process: admin API, registry, mirror and feed, put together."""

from __future__ import annotations

import asyncio
import logging
import socket
import zlib
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from dnsd.app.access import root_of, tls_of
from dnsd.app.doors import advertised
from dnsd.app.forwarding import routes_of
from dnsd.app.secondaries import keys_of, secondaries_of
from dnsd.app.terms import DnsFeed, SharedTerms
from dnsd.authority.catalog import Catalog
from dnsd.config import Settings
from dnsd.health.checks import Checks
from dnsd.model.errors import InvalidSetting
from dnsd.model.names import name_from_text
from dnsd.registry.audit import Audit
from dnsd.registry.departures import Departures
from dnsd.registry.disk import Disk
from dnsd.registry.drains import Drains
from dnsd.registry.herd import Herd
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.registry.quotas import Limits
from dnsd.registry.refill import Refill
from dnsd.registry.replicas import Replicas
from dnsd.registry.services import Services
from dnsd.registry.ticker import Ticker
from dnsd.registry.tokens import Tokens
from dnsd.registry.ttls import Ttls
from dnsd.runtime.clock import Clock
from dnsd.runtime.tasks import Tasks
from dnsd.server.secondaries import Secondaries
from dnsd.store.redis import Store

if TYPE_CHECKING:
    from dnsd.admin.access import Access
    from dnsd.admin.routes import Admin
    from dnsd.app.encrypted import Encrypted
    from dnsd.registry.zones import StaticZones

_log = logging.getLogger("dnsd.control")

_LOADED_POLL_SECONDS = 0.02
_ANSWERS_FIRST_SECONDS = 6.0
"""So long the disk and the admin API, whose imports (HTTP, shapes) take 0.4 s, wait for the first answers. A load of
100,000 endpoints takes less. An order to stop waits as long, and the parent waits for longer than that.
"""
_OPEN_SECONDS = 0.02
"""So long a responder in this process has to open its ports."""


def catalog_of(settings: Settings) -> Catalog:
    """An empty catalog of the zones and networks that are set."""
    zones = [name_from_text(zone) for zone in settings.zone]
    elsewhere = routes_of(settings).reverse()
    return Catalog(zones, settings.reverse, advertised(settings), settings.negative_ttl_seconds, elsewhere)


class Control:
    """Everything but the responders. ``admin`` is the bound socket of the admin API, ``feed`` tells responders of
    ``catalog``; ``encrypted`` are its own doors for DNS, if there are any.
    """

    def __init__(
        self,
        settings: Settings,
        store_url: str,
        admin: socket.socket,
        catalog: Catalog,
        feed: DnsFeed,
        clock: Clock,
        encrypted: Encrypted | None,
    ) -> None:
        """Raises InvalidSetting for a store URL that cannot be one."""
        self._settings = settings
        self._socket = admin
        self._encrypted = encrypted
        self._clock = clock
        self._tasks = Tasks("control")
        self._is_leaving = False
        self._zones = _static_zones(settings)
        self._store = _store_of(settings, store_url)
        self._secondaries = Secondaries(feed, catalog.table, secondaries_of(settings), keys_of(settings), clock)
        self._disk = Disk(_mirror_directory(settings), clock)
        self._mirror = mirror = Mirror(
            self._store, catalog, self._secondaries, clock, disk=self._disk, is_store_own=settings.redis is None
        )
        self._refill = Refill(self._store, mirror, clock)
        self._leases = leases = Leases(self._store, mirror)
        herd = Herd(settings.registrations_per_second, clock)
        self._services = services = Services(self._store, mirror, leases, herd)
        self._replicas = Replicas(self._store, mirror, settings.replica, clock)
        self._ttls = Ttls(mirror, clock)
        self._drains = Drains(
            services, mirror, self._replicas, self._ttls, clock, floor_seconds=settings.drain_floor_seconds
        )
        self._ticker = Ticker(self._store, leases, mirror, clock, settling_seconds=settings.settling_seconds)
        self._departures = Departures(mirror, clock)
        self._checks = Checks(services, mirror, self._replicas, settings.replica, clock)
        self._terms = SharedTerms(feed, encrypted, mirror, self._store, clock, stale_seconds=settings.stale_seconds)
        self._tokens = Tokens(self._store, clock, _mirror_directory(settings) / "tokens")
        self._access: Access | None = None
        self._admin: Admin | None = None

    def _admin_api(self, access: Access) -> Admin:
        from dnsd.admin.columns import Parts
        from dnsd.admin.routes import Admin
        from dnsd.app.clients import policy_of

        settings = self._settings
        parts = Parts(
            services=self._services,
            leases=self._leases,
            drains=self._drains,
            mirror=self._mirror,
            departures=self._departures,
            refill=self._refill,
            replicas=self._replicas,
            tokens=self._tokens,
            audit=Audit(self._store),
            access=access,
            replica=settings.replica,
            disk=self._disk,
            ticker=self._ticker,
            checks=self._checks,
            limits=_limits_of(settings),
            strict_namespaces=settings.strict_namespaces,
            policy=policy_of(settings),
            loopback_allowed=_is_home(settings),
            is_leaving=lambda: self._is_leaving,
            collectors=[self._terms.dns_counts.collect],
            refresh=self._terms.refresh_counts,
        )
        return Admin(parts, hosts=(settings.admin.host, *settings.admin_host), tls=tls_of(settings))

    @property
    def failed(self) -> asyncio.Event:
        """Set when a part that runs for ever has ended with a fault."""
        return self._tasks.failed

    async def start(self) -> None:
        """Read the static zones, follow the store, and take requests as soon as answers go out."""
        await self.reload()
        for name, work in (
            ("mirror", self._mirror.run()),
            ("refill", self._refill.run()),
            ("replicas", self._replicas.run()),
            ("ticker", self._ticker.run()),
            ("tokens", self._tokens.run()),
            ("departures", self._departures.run()),
            ("ttls", self._ttls.run()),
            ("health", self._checks.run()),
            ("secondaries", self._secondaries.run()),
            ("staleness", self._terms.follow_staleness()),
            ("cookie-secret", self._terms.follow_cookie_secret()),
        ):
            self._tasks.start(name, work)
        await self._begin_answers()
        self._tasks.start("disk", self._keep())
        self._access = self._admin_access()
        self._admin = self._admin_api(self._access)
        await self._admin.serve([self._socket])
        if self._encrypted is not None:
            await self._encrypted.start()
            self._tasks.start("dns-certificates", self._encrypted.follow_certificates())
        self._tasks.start("certificates", self._admin.follow_certificates(self._clock))

    def _admin_access(self) -> Access:
        from dnsd.admin.access import Access

        settings = self._settings
        return Access(
            self._tokens,
            self._clock,
            required=settings.tokens,
            replica=settings.replica,
            loopback_allowed=_is_home(settings),
            root=root_of(settings),
        )

    async def _begin_answers(self) -> None:
        """Wait until the responders have what there is to answer, for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERS_FIRST_SECONDS):
                await self._first_answers()
        await self._clock.sleep(_OPEN_SECONDS)

    async def _first_answers(self) -> None:
        """Wait until what was loaded first has come to the responders, or nothing could be loaded yet."""
        await self._mirror.has_begun.wait()
        if self._mirror.status().loaded:
            await self._mirror.reached(self._mirror.revision, _ANSWERS_FIRST_SECONDS)

    async def _keep(self) -> None:
        """Save the mirror as that is wanted; not before the first answers, which a long load makes wait for longer."""
        await self._first_answers()
        await self._disk.run(self._mirror.standing)

    async def ready(self, within_seconds: float) -> str:
        """Wait until the registry was loaded; returns what keeps it from that when it takes longer."""
        until = self._clock.monotonic() + within_seconds
        while not (status := self._mirror.status()).loaded:
            if self._clock.monotonic() >= until:
                return f"the registry is not loaded yet ({status.problem or 'loading'}): SERVFAIL until then"
            await self._clock.sleep(_LOADED_POLL_SECONDS)
        return ""

    async def reload(self) -> None:
        """Read root token, certificates and static zones again; what is wrong stays as it was, named in the log."""
        await self._reload_access()
        if self._encrypted is not None:
            await self._encrypted.reload()
        if self._zones is None:
            return
        read = await asyncio.to_thread(self._zones.load)
        for warning in read.warnings:
            _log.warning("%s", warning)
        for problem in read.problems:
            _log.error("%s", problem)
        await self._mirror.set_static(read.zones)
        _log.info("%d static zones of %s are served", len(read.zones), self._settings.zones)

    async def _reload_access(self) -> None:
        if self._access is None or self._admin is None:
            return
        try:
            self._access.root = await asyncio.to_thread(root_of, self._settings)
        except InvalidSetting as fault:
            _log.error("the root token stays as it was: %s", fault)
        await self._admin.reload()

    async def stop(self, lame_duck_seconds: float) -> None:
        """Be not ready for that long, then finish the requests, and leave the other replicas."""
        self._is_leaving = True
        leaving = self._clock.monotonic() + lame_duck_seconds
        if lame_duck_seconds and self._mirror.status().loaded:
            await self._disk.leave(self._mirror.standing(), lame_duck_seconds)
        await self._clock.sleep(max(0.0, leaving - self._clock.monotonic()))
        if self._encrypted is not None:
            await self._encrypted.stop()
        if self._admin is not None:
            await self._admin.stop()
        await self._tasks.stop()
        self._disk.close()
        await self._replicas.leave()
        await self._store.close()


def _store_of(settings: Settings, store_url: str) -> Store:
    copies, allow_eviction = settings.required_copies, settings.allow_eviction
    return Store(store_url, settings.redis_prefix, copies=copies, allow_eviction=allow_eviction)


def _mirror_directory(settings: Settings) -> Path:
    """A directory for this replica and this store: the mirror of another registry would be no use, and mistaken."""
    mark = zlib.crc32(f"{settings.store_shown} {settings.redis_prefix}".encode())
    return Path(settings.state_dir, "mirror", f"{settings.replica}-{mark:08x}")


def _limits_of(settings: Settings) -> Limits:
    """How much a namespace may hold."""
    return Limits(
        settings.quota_services,
        settings.quota_endpoints,
        settings.quota_service_endpoints,
        settings.quota_metadata_octets,
    )


def _is_home(settings: Settings) -> bool:
    """True when we listen on loopback alone, so that loopback means the same to all who register and all who ask."""
    doors = (*settings.dns, *settings.dot, *settings.doh, settings.admin)
    return all(ip_address(address.host).is_loopback for address in doors)


def _static_zones(settings: Settings) -> StaticZones | None:
    if settings.zones is None:
        return None
    from dnsd.registry.zones import StaticZones  # master files: for those who have some

    return StaticZones(Path(settings.zones), [name_from_text(zone) for zone in settings.zone])
