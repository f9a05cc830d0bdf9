"""The admin API as a whole: its columns, in one application, on sockets that somebody else bound."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

from aiohttp import web

from dnsd.admin import changes
from dnsd.admin.access import Access
from dnsd.admin.addresses import refusal_of_addresses
from dnsd.admin.answers import AnswerCalls
from dnsd.admin.apply import ApplyCalls
from dnsd.admin.audit import AuditCalls
from dnsd.admin.backup import BackupCalls
from dnsd.admin.batch import BatchCalls
from dnsd.admin.changes import ChangeCalls
from dnsd.admin.connections import HEADER_SECONDS_MOST, Connection
from dnsd.admin.drains import DrainCalls
from dnsd.admin.endpoints import EndpointCalls
from dnsd.admin.failures import report_failures
from dnsd.admin.families import Families
from dnsd.admin.guards import add_headers, guard_headers, guard_hosts, limit_time
from dnsd.admin.leases import LeaseCalls
from dnsd.admin.metrics import Collect, MetricsCalls
from dnsd.admin.openapi import OpenApiCalls
from dnsd.admin.prometheus import PrometheusCalls
from dnsd.admin.replicas import ReplicaCalls
from dnsd.admin.reserved import Reserved
from dnsd.admin.services import ServiceCalls
from dnsd.admin.status import StatusCalls
from dnsd.admin.store import StoreCalls
from dnsd.admin.tokens import TokenCalls
from dnsd.admin.writes import Writes
from dnsd.admin.zones import ZoneCalls
from dnsd.health.checks import Checks
from dnsd.model.errors import InvalidSetting
from dnsd.model.message import UDP_PAYLOAD_DEFAULT
from dnsd.registry.audit import Audit
from dnsd.registry.departures import Departures
from dnsd.registry.disk import Disk
from dnsd.registry.drains import Drains
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.registry.quotas import DEFAULTS, Limits, Quotas
from dnsd.registry.refill import Refill
from dnsd.registry.replicas import Replicas
from dnsd.registry.services import Services
from dnsd.registry.ticker import Ticker
from dnsd.registry.tokens import Tokens
from dnsd.runtime.clock import Clock
from dnsd.runtime.tls import Tls

REQUEST_SECONDS_MOST = 15.0
CERTIFICATES_LOOK_SECONDS = 1.0
SHUTDOWN_SECONDS_MOST = 3.0


_log = logging.getLogger("dnsd.admin")


class Admin:
    """The HTTP door of a replica."""

    def __init__(
        self,
        services: Services,
        leases: Leases,
        drains: Drains,
        mirror: Mirror,
        *,
        departures: Departures,
        refill: Refill,
        disk: Disk | None = None,
        ticker: Ticker | None = None,
        checks: Checks | None = None,
        replicas: Replicas,
        tokens: Tokens,
        audit: Audit,
        access: Access,
        limits: Limits = DEFAULTS,
        strict_namespaces: bool = False,
        tls: Tls | None = None,
        replica: str,
        udp_payload_most: int = UDP_PAYLOAD_DEFAULT,
        hosts: Iterable[str] = (),
        loopback_allowed: bool = True,
        is_leaving: Callable[[], bool] = lambda: False,
        collectors: Iterable[Collect] = (),
        refresh: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """``departures``: who left of late, kept up to date by somebody else. ``refill`` writes back what the store
        lost; ``disk``, ``ticker``, ``replicas``: for what is told of them. ``replica``: this replica's name.
        ``udp_payload_most``: the ceiling of DNS replies over UDP, for what is told of them. ``hosts``: what a Host
        header may name beside loopback, without port.

        ``tokens``, ``audit``: who may call, who did; ``access``: how that is decided. ``limits``: of each namespace.
        ``strict_namespaces``: none named like a top-level domain. ``tls``: None for plain HTTP.

        ``loopback_allowed``: loopback addresses may be registered. ``is_leaving``: true once the replica ends.
        ``collectors`` give metrics; ``refresh`` is awaited before they are asked.
        """
        # Where tokens are needed, loopback is a matter of grants.
        refusal = refusal_of_addresses(loopback_allowed or access.required)
        writes = Writes(services, access, Quotas(mirror, limits), Reserved(mirror, strict_namespaces))
        self._access = access
        self._tls = tls
        self._hosts = tuple(hosts)
        self._changes = ChangeCalls(mirror, access)
        families = Families(mirror, services, lambda: self._changes.watchers, disk, ticker, replicas, checks)
        self._metrics = MetricsCalls([*collectors, families.collect], refresh)
        self._columns = (
            ServiceCalls(writes, access, leases, mirror, refusal),
            EndpointCalls(writes, access, leases, mirror, refusal),
            LeaseCalls(leases, mirror, access),
            DrainCalls(drains, access),
            BatchCalls(writes, refusal),
            ApplyCalls(writes, mirror, refusal),
            self._changes,
            AnswerCalls(leases, mirror, departures, access, replica, udp_payload_most),
            PrometheusCalls(mirror, access),
            ZoneCalls(mirror),
            OpenApiCalls(access.required),
            StoreCalls(mirror, refill, access),
            BackupCalls(writes, mirror, refusal),
            StatusCalls(mirror, replica, is_leaving, disk, ticker, replicas),
            ReplicaCalls(replicas, replica),
            TokenCalls(tokens, access),
            AuditCalls(audit),
            self._metrics,
        )
        self._runner: web.AppRunner | None = None
        self._sockets: tuple[socket.socket, ...] = ()
        self._listeners: list[asyncio.Server] = []

    def application(self) -> web.Application:
        """All calls behind their guards, as a new application."""
        application = web.Application(
            middlewares=[
                self._metrics.counting(),
                add_headers,
                report_failures,
                guard_headers,
                guard_hosts(self._hosts),
                self._access.guard(),
                limit_time(REQUEST_SECONDS_MOST, frozenset({changes.PATH})),
            ]
        )
        for column in self._columns:
            application.add_routes(column.routes())
        application.on_shutdown.append(self._changes.end)
        return application

    async def serve(self, sockets: Sequence[socket.socket]) -> None:
        """Take requests on these bound sockets. Raises InvalidSetting when the files of TLS cannot be used."""
        self._runner = web.AppRunner(self.application(), shutdown_timeout=SHUTDOWN_SECONDS_MOST, access_log=None)
        await self._runner.setup()
        self._sockets = tuple(sockets)
        await self._listen()

    async def reload(self) -> None:
        """Read certificates again; those that cannot be used are named in the log, and the old ones stay."""
        if self._tls is None or not self._sockets:
            return
        old = list(self._listeners)
        try:
            await self._listen()
        except InvalidSetting as fault:
            _log.error("the certificates stay as they were: %s", fault)
            return
        for listener in old:
            listener.close()
            self._listeners.remove(listener)
        _log.info("the certificates were read again")

    async def follow_certificates(self, clock: Clock) -> None:
        """For ever: read certificates again when their files have changed."""
        while self._tls is not None:
            await clock.sleep(CERTIFICATES_LOOK_SECONDS)
            if await asyncio.to_thread(self._tls.has_changed):
                await self.reload()

    async def _listen(self) -> None:
        """A listener more on each socket, with the certificates of now; who waits to be let in sees no gap."""
        context = None if self._tls is None else await asyncio.to_thread(self._tls.context)
        assert self._runner is not None
        server = self._runner.server
        assert server is not None
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            self._listeners.append(
                await loop.create_server(
                    lambda: Connection(server),
                    sock=each.dup(),
                    ssl=context,
                    ssl_handshake_timeout=None if context is None else HEADER_SECONDS_MOST,
                )
            )

    async def stop(self) -> None:
        """Take no more connections, end the streams, finish what is under way within the time limit."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for each in self._sockets:
            each.close()
        self._sockets = ()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
