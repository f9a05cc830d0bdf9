"""DNS over TLS and over HTTPS, put together; a part of control, because TLS is no work for who answers UDP."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from dnsd.answer.forwarded import is_ours
from dnsd.answer.respond import respond, respond_to_some
from dnsd.answer.terms import Terms
from dnsd.app.certificates import dns_tls_of
from dnsd.app.clients import access_of, short_names_of
from dnsd.app.forwarding import forwarder_of
from dnsd.authority.table import Table
from dnsd.config import Settings
from dnsd.model.errors import InvalidSetting
from dnsd.runtime.clock import Clock
from dnsd.runtime.counts import Counts, add
from dnsd.server.answering import Answering
from dnsd.server.forwarding import Forwarding
from dnsd.server.tally import Tally

if TYPE_CHECKING:
    from dnsd.forward.forwarder import Forwarder

_log = logging.getLogger("dnsd.control")

CERTIFICATES_LOOK_SECONDS = 5.0
FINISH_SECONDS = 2.0


class _Server(Protocol):
    async def open(self) -> None: ...
    async def close(self) -> None: ...


class Encrypted:
    """The doors on ``dot`` and ``doh``, one listening socket at least, answering out of ``table``."""

    def __init__(
        self, settings: Settings, dot: Sequence[socket.socket], doh: Sequence[socket.socket], table: Table, clock: Clock
    ) -> None:
        self._settings = settings
        self._sockets = {"tls": dot, "https": doh}
        self._table = table
        self._clock = clock
        self._tallies = {name: Tally(name) for name in self._sockets}
        self._terms = Terms(is_tcp=True, payload_most=settings.udp_payload)
        self._terms.is_encrypted = True
        self._terms.access = access_of(settings)
        self._terms.short_names = short_names_of(settings)
        self._servers: list[_Server] = []
        self._forwarder: Forwarder | None = None
        self._tls = dns_tls_of(settings)
        self._newest: dict[str, ssl.SSLContext] = {}

    def set_terms(self, terms: Mapping[str, object]) -> None:
        """What the feed tells the responders too: the cookie secret, staleness."""
        for name, value in terms.items():
            setattr(self._terms, name, value)

    def counts(self) -> Counts:
        """What was counted at these doors."""
        total: Counts = {}
        for tally in self._tallies.values():
            add(total, tally.counts())
        if self._forwarder is not None:
            add(total, self._forwarder.counts())
        return total

    async def start(self) -> None:
        """Accept from now on. Raises InvalidSetting for certificates that cannot be used."""
        self._forwarder = forwarder_of(self._settings, self._clock)
        if self._forwarder is not None:
            self._forwarder.is_ours = lambda name: is_ours(self._table.nodes, name)
            self._terms.forwarding = self._forwarder.reverse
        await self._read_certificates()
        for name, sockets in self._sockets.items():
            if sockets:
                server = self._server(name, sockets, self._changing(name))
                self._servers.append(server)
                await server.open()

    async def follow_certificates(self) -> None:
        """For ever: read certificates again when their files have changed."""
        while self._tls is not None:
            await self._clock.sleep(CERTIFICATES_LOOK_SECONDS)
            if await asyncio.to_thread(self._tls.has_changed):
                await self.reload()

    async def reload(self) -> None:
        """Read the certificates again; wrong ones leave those that are in use, and are named in the log."""
        if not self._servers:
            return
        try:
            await self._read_certificates()
        except InvalidSetting as fault:
            _log.error("the certificate of DNS stays as it was: %s", fault)

    async def stop(self) -> None:
        """Accept no more and end all connections."""
        for server in self._servers:
            await server.close()
        if self._forwarder is not None:
            await self._forwarder.idle(FINISH_SECONDS)
            await self._forwarder.close()

    def _server(self, name: str, sockets: Sequence[socket.socket], context: ssl.SSLContext) -> _Server:
        from dnsd.admin.doh import DohServer  # imports HTTP: for those who have such a door
        from dnsd.server.dot import DotServer

        answering = self._answering(self._tallies[name])
        if name == "https":
            if "h2" not in self._protocols(name):
                _log.info("DNS over HTTPS is HTTP/1.1 only; for HTTP/2, which kdig needs: pip install 'dnsd[doh]'")
            return DohServer(sockets, answering.answer, context, partial(answering.tally.add, "dnsd_dns_tcp_refused"))
        return DotServer(sockets, answering, context)

    def _answering(self, tally: Tally) -> Answering:
        asked = respond if self._terms.access.is_open else respond_to_some
        forwarding = None if self._forwarder is None else Forwarding(self._forwarder, self._terms, tally)
        return Answering(asked, self._table, self._terms, self._clock, tally, forwarding)

    async def _read_certificates(self) -> None:
        assert self._tls is not None
        for name in (name for name, sockets in self._sockets.items() if sockets):
            context = await asyncio.to_thread(self._tls.context)
            context.set_alpn_protocols(self._protocols(name))
            self._newest[name] = context

    def _protocols(self, name: str) -> list[str]:
        """What ALPN offers at a door."""
        from dnsd.admin.doh import protocols  # imports HTTP, as above

        return ["dot"] if name == "tls" else protocols()

    def _changing(self, name: str) -> ssl.SSLContext:
        """A context for listening that hands every handshake to the newest one: certificates change without a gap."""
        context = self._newest[name]

        def renew(connection: ssl.SSLObject | ssl.SSLSocket, server_name: str | None, of: ssl.SSLContext) -> None:
            connection.context = self._newest[name]

        context.sni_callback = renew
        return context
