"""A responder process: DNS out of compiled nodes, which the feed brings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from dnsd.app.clients import access_of, rate_of, short_names_of
from dnsd.app.forwarding import forwarder_of
from dnsd.app.secondaries import allowed_of, keys_of
from dnsd.authority.table import Table
from dnsd.config import Settings
from dnsd.runtime.clock import Clock
from dnsd.runtime.precedence import Precedence
from dnsd.runtime.tasks import Tasks
from dnsd.server.responder import Responder
from dnsd.server.sockets import DnsSocket
from dnsd.server.source import Source


class Responding:
    """One responder, from start to end."""

    def __init__(
        self,
        settings: Settings,
        sockets: Sequence[DnsSocket],
        source: Source,
        table: Table,
        cookie_secret: bytes,
        clock: Clock,
        precedence: Precedence | None = None,
    ) -> None:
        """``precedence``: of a process that does nothing else; None beside control."""
        self._source = source
        self._tasks = Tasks("responder")
        self._precedence = precedence
        self._responder = Responder(
            sockets,
            source,
            table,
            clock,
            cookie_secret=cookie_secret,
            udp_payload_most=settings.udp_payload,
            tcp_connections_most=settings.tcp_connections,
            tcp_per_client_most=settings.tcp_per_client,
            tcp_idle_seconds=settings.tcp_idle_seconds,
            open_within_seconds=settings.open_within_seconds,
            transfer_to=allowed_of(settings),
            keyring=keys_of(settings),
            access=access_of(settings),
            short_names=short_names_of(settings),
            rate=rate_of(settings),
            forwarder=forwarder_of(settings, clock),
            query_log=settings.query_log,
        )

    @property
    def failed(self) -> asyncio.Event:
        """Set when it has ended with a fault."""
        return self._tasks.failed

    async def start(self) -> None:
        """Wait for the first load and take questions."""
        self._tasks.start("run", self._responder.run())
        if self._precedence is not None:
            self._tasks.start("precedence", self._precedence.follow())

    async def ready(self, within_seconds: float) -> str:
        """Wait until the table was loaded; returns what is not as it should be when it takes longer."""
        try:
            await asyncio.wait_for(self._source.loaded.wait(), within_seconds)
        except TimeoutError:
            return "nothing is loaded yet: SERVFAIL until then"
        return ""

    async def reload(self) -> None:
        """Nothing: what is read again comes through the feed."""

    async def stop(self, lame_duck_seconds: float) -> None:
        """Answer for that long, then finish and close."""
        await self._responder.stop(lame_duck_seconds)
        await self._tasks.stop()
