"""The admin API as a whole: its columns, in one application, on sockets that somebody else bound."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

from aiohttp import web

from dnsd.admin import changes
from dnsd.admin.addresses import refusal_of_addresses
from dnsd.admin.answers import AnswerCalls
from dnsd.admin.apply import ApplyCalls
from dnsd.admin.backup import BackupCalls
from dnsd.admin.batch import BatchCalls
from dnsd.admin.changes import ChangeCalls
from dnsd.admin.connections import Connection
from dnsd.admin.drains import DrainCalls
from dnsd.admin.endpoints import EndpointCalls
from dnsd.admin.failures import report_failures
from dnsd.admin.guards import add_headers, guard_hosts, limit_time
from dnsd.admin.leases import LeaseCalls
from dnsd.admin.metrics import Collect, MetricsCalls
from dnsd.admin.openapi import OpenApiCalls
from dnsd.admin.replicas import ReplicaCalls
from dnsd.admin.services import ServiceCalls
from dnsd.admin.status import StatusCalls
from dnsd.admin.store import StoreCalls
from dnsd.admin.zones import ZoneCalls
from dnsd.health.checks import Checks
from dnsd.model.message import UDP_PAYLOAD_DEFAULT
from dnsd.registry.departures import Departures
from dnsd.registry.disk import Disk
from dnsd.registry.drains import Drains
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.registry.refill import Refill
from dnsd.registry.replicas import Replicas
from dnsd.registry.services import Services
from dnsd.registry.ticker import Ticker

REQUEST_SECONDS_MOST = 15.0
SHUTDOWN_SECONDS_MOST = 3.0


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

        ``loopback_allowed``: loopback addresses may be registered. ``is_leaving``: true once the replica ends.
        ``collectors`` give metrics; ``refresh`` is awaited before they are asked.
        """
        refusal = refusal_of_addresses(loopback_allowed)
        self._hosts = tuple(hosts)
        self._changes = ChangeCalls(mirror)
        self._metrics = MetricsCalls(
            mirror, lambda: self._changes.watchers, collectors, refresh, disk, ticker, replicas, checks
        )
        self._columns = (
            ServiceCalls(services, leases, mirror, refusal),
            EndpointCalls(services, leases, mirror, refusal),
            LeaseCalls(leases, mirror),
            DrainCalls(drains),
            BatchCalls(services, refusal),
            ApplyCalls(services, mirror, refusal),
            self._changes,
            AnswerCalls(leases, mirror, departures, replica, udp_payload_most),
            ZoneCalls(mirror),
            OpenApiCalls(),
            StoreCalls(mirror, refill),
            BackupCalls(services, mirror, refusal),
            StatusCalls(mirror, replica, is_leaving, disk, ticker, replicas),
            ReplicaCalls(replicas, replica),
            self._metrics,
        )
        self._runner: web.AppRunner | None = None
        self._listeners: list[asyncio.Server] = []

    def application(self) -> web.Application:
        """All calls behind their guards, as a new application."""
        application = web.Application(
            middlewares=[
                self._metrics.counting(),
                add_headers,
                report_failures,
                guard_hosts(self._hosts),
                limit_time(REQUEST_SECONDS_MOST, frozenset({changes.PATH})),
            ]
        )
        for column in self._columns:
            application.add_routes(column.routes())
        application.on_shutdown.append(self._changes.end)
        return application

    async def serve(self, sockets: Sequence[socket.socket]) -> None:
        """Take requests on these bound sockets."""
        self._runner = web.AppRunner(self.application(), shutdown_timeout=SHUTDOWN_SECONDS_MOST, access_log=None)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        loop = asyncio.get_running_loop()
        for each in sockets:
            self._listeners.append(await loop.create_server(lambda: Connection(server), sock=each))

    async def stop(self) -> None:
        """Take no more connections, end the streams, finish what is under way within the time limit."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
