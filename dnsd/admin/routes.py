"""The admin API as a whole: its columns, in one application, on sockets that somebody else bound."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterable, Sequence

from aiohttp import web

from dnsd.admin import changes
from dnsd.admin.changes import ChangeCalls
from dnsd.admin.columns import Parts, columns_of, metrics_of
from dnsd.admin.connections import HEADER_SECONDS_MOST, Connection
from dnsd.admin.failures import report_failures
from dnsd.admin.guards import add_headers, guard_headers, guard_hosts, limit_time
from dnsd.model.errors import InvalidSetting
from dnsd.runtime.clock import Clock
from dnsd.runtime.listeners import end_listeners
from dnsd.runtime.tls import Tls

REQUEST_SECONDS_MOST = 15.0
CERTIFICATES_LOOK_SECONDS = 1.0
SHUTDOWN_SECONDS_MOST = 3.0


_log = logging.getLogger("dnsd.admin")


class Admin:
    """The HTTP door of a replica."""

    def __init__(self, parts: Parts, *, hosts: Iterable[str] = (), tls: Tls | None = None) -> None:
        """``hosts``: what a Host header may name beside loopback, without port; ``tls``: None for plain HTTP."""
        self._access = parts.access
        self._tls = tls
        self._hosts = tuple(hosts)
        self._changes = ChangeCalls(parts.mirror, parts.access, parts.policy)
        self._metrics = metrics_of(parts, lambda: self._changes.watchers)
        self._columns = columns_of(parts, self._changes, self._metrics)
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
        self._listeners = [each for each in self._listeners if each not in old]
        await end_listeners(old)
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
        listeners, self._listeners = self._listeners, []
        for each in self._sockets:
            each.close()
        self._sockets = ()  # before the first pause: a reload that is under way finds nothing to listen on
        await end_listeners(listeners)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
