"""DNS over HTTPS (RFC 8484): ``/dns-query`` by GET and POST, on sockets of its own, for whoever may ask DNS.

By HTTP/1.1 through aiohttp; by HTTP/2 too (``doh_http2``) where h2 is installed. The handshake agrees on one of them
(ALPN, RFC 7301); who says nothing of it gets HTTP/1.1.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, cast

from aiohttp import web

from dnsd.admin.connections import HEADER_SECONDS_MOST, Connection
from dnsd.admin.doh_message import PATH, Answer, answered, check_media_type, packet_of_get
from dnsd.admin.failures import report_failures
from dnsd.admin.guards import guard_headers, limit_time
from dnsd.model.message import TCP_PAYLOAD_MOST
from dnsd.runtime.listeners import end_listeners
from dnsd.runtime.tasks import Tasks

if TYPE_CHECKING:
    from dnsd.admin.doh_http2 import Http2

CONNECTIONS_MOST = 500
CONNECTIONS_A_CLIENT_MOST = 50
REQUEST_SECONDS_MOST = 15.0
"""By HTTP/1.1, for a body and its answer; by HTTP/2 ``doh_patience`` says."""
FINISH_SECONDS = 2.0
_HTTP_1, _HTTP_2 = "http/1.1", "h2"
_IPV6_NETWORK_OCTETS = 8


def protocols() -> list[str]:
    """What ALPN offers, the best first: h2 only where its package is installed."""
    with suppress(ModuleNotFoundError):
        from dnsd.admin import doh_http2  # noqa: F401  # its package is an extra, and a MB

        return [_HTTP_2, _HTTP_1]
    return [_HTTP_1]


class DohServer:
    """Serves HTTPS on some listening sockets; ``answer`` knows what to reply. ``refused`` is told which limit,
    ``total`` or ``client``, a connection was closed for.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        answer: Answer,
        context: ssl.SSLContext,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        self._sockets = sockets
        self._answer_of = answer
        self._context = context
        self._refused = refused
        self._listeners: list[asyncio.Server] = []
        self._clients: Counter[bytes] = Counter()
        self._tasks = Tasks("doh")
        self._by_http2: set[Http2] = set()
        self._all_left = asyncio.Event()
        guards = [report_failures, guard_headers, limit_time(REQUEST_SECONDS_MOST, frozenset())]
        app = web.Application(client_max_size=TCP_PAYLOAD_MOST, middlewares=guards)
        app.add_routes([web.get(PATH, self._get, allow_head=False), web.post(PATH, self._post)])
        self._runner = web.AppRunner(app, access_log=None)

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._clients.total()

    async def open(self) -> None:
        """Accept from now on."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            self._listeners.append(
                await loop.create_server(
                    lambda: _Arrival(self._welcome),
                    sock=each,
                    ssl=self._context,
                    ssl_handshake_timeout=HEADER_SECONDS_MOST,
                )
            )

    async def close(self) -> None:
        """Accept no more, answer what was asked, and end all connections."""
        await end_listeners(self._listeners)
        for connection in list(self._by_http2):
            connection.finish()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                while self._by_http2:
                    self._all_left.clear()
                    await self._all_left.wait()
        for connection in list(self._by_http2):
            connection.abort()
        await self._tasks.stop()
        await self._runner.cleanup()

    # Who comes and who goes

    def _welcome(self, transport: asyncio.Transport) -> asyncio.BaseProtocol | None:
        """Who speaks with this connection from now on; None when it is one too many."""
        host = transport.get_extra_info("peername")[0]
        client = ip_address(host.partition("%")[0]).packed[:_IPV6_NETWORK_OCTETS]
        if self.connections >= CONNECTIONS_MOST or self._clients[client] >= CONNECTIONS_A_CLIENT_MOST:
            if self._refused is not None:
                self._refused("client" if self.connections < CONNECTIONS_MOST else "total")
            self._clients += Counter()
            return None
        self._clients[client] += 1
        if transport.get_extra_info("ssl_object").selected_alpn_protocol() == _HTTP_2:
            return self._http2(client)
        assert self._runner.server is not None
        return _Http1(self._runner.server, lambda: self._leave(client))

    def _http2(self, client: bytes) -> Http2:
        from dnsd.admin.doh_http2 import Http2  # who offered it has it

        def gone(connection: Http2) -> None:
            self._by_http2.discard(connection)
            self._leave(client)

        connection = Http2(self._answer_of, self._tasks, gone)
        self._by_http2.add(connection)
        return connection

    def _leave(self, client: bytes) -> None:
        self._clients[client] -= 1
        self._clients += Counter()  # forgets who has none
        self._all_left.set()

    # HTTP/1.1

    async def _get(self, request: web.Request) -> web.Response:
        return await self._answer(request, packet_of_get(request.query.get("dns", "")))

    async def _post(self, request: web.Request) -> web.Response:
        check_media_type(request.content_type)
        try:
            packet = await request.read()
        except (web.RequestPayloadError, ConnectionError):  # broken, or whoever sent it has gone
            raise web.HTTPBadRequest(reason="the body is broken") from None
        return await self._answer(request, packet)

    async def _answer(self, request: web.Request, packet: bytes) -> web.Response:
        assert request.transport is not None
        return await answered(self._answer_of, packet, request.transport.get_extra_info("peername")[0])


class _Arrival(asyncio.Protocol):
    """A connection of which the handshake is done: ``welcome`` says who speaks with it, or nobody."""

    def __init__(self, welcome: Callable[[asyncio.Transport], asyncio.BaseProtocol | None]) -> None:
        self._welcome = welcome

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand over."""
        connected = cast("asyncio.Transport", transport)
        speaker = self._welcome(connected)
        if speaker is None:
            connected.abort()
            return
        # asyncio does so only for sockets made with IPPROTO_TCP named; without, answers wait 40 ms for the peer's ACK.
        connected.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.set_protocol(speaker)
        speaker.connection_made(connected)


class _Http1(Connection):
    """A connection by HTTP/1.1 that says when it is gone."""

    def __init__(self, server: web.Server, gone: Callable[[], None]) -> None:
        super().__init__(server)
        self._gone = gone

    def connection_lost(self, exc: BaseException | None) -> None:
        """Say so."""
        super().connection_lost(exc)
        self._gone()
