"""DNS over HTTPS (RFC 8484): ``/dns-query`` by GET and POST, on sockets of its own, for whoever may ask DNS.

aiohttp speaks HTTP/1.1: clients that insist on HTTP/2 (kdig) find no way in, those that prefer it (curl, browsers) do.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from aiohttp import hdrs, web

from dnsd.admin.connections import HEADER_SECONDS_MOST, Connection
from dnsd.codec.wire import read_message
from dnsd.model.message import TCP_PAYLOAD_MOST

PATH = "/dns-query"
MEDIA_TYPE = "application/dns-message"
_MESSAGE_OCTETS_LEAST = 12

Answer = Callable[[bytes, bytes], Awaitable[bytes]]
"""Message, peer's address octets -> the reply; nothing when there is none."""


class DohServer:
    """Serves HTTPS on some listening sockets; ``answer`` knows what to reply."""

    def __init__(self, sockets: Sequence[socket.socket], answer: Answer, context: ssl.SSLContext) -> None:
        self._sockets = sockets
        self._answer_of = answer
        self._context = context
        self._listeners: list[asyncio.Server] = []
        app = web.Application(client_max_size=TCP_PAYLOAD_MOST)
        app.add_routes([web.get(PATH, self._get, allow_head=False), web.post(PATH, self._post)])
        self._runner = web.AppRunner(app, access_log=None)

    async def open(self) -> None:
        """Accept from now on."""
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            self._listeners.append(
                await loop.create_server(
                    lambda: Connection(server), sock=each, ssl=self._context, ssl_handshake_timeout=HEADER_SECONDS_MOST
                )
            )

    async def close(self) -> None:
        """Accept no more and end all connections."""
        for listener in self._listeners:
            listener.close()
        await self._runner.cleanup()

    async def _get(self, request: web.Request) -> web.Response:
        """RFC 8484 4.1: the message in the variable ``dns``, base64url without padding."""
        text = request.query.get("dns", "")
        try:
            packet = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise web.HTTPBadRequest(
                reason="dns: the message as base64url without padding is needed (RFC 8484 4.1)"
            ) from None
        return await self._answer(request, packet)

    async def _post(self, request: web.Request) -> web.Response:
        if request.content_type != MEDIA_TYPE:
            raise web.HTTPUnsupportedMediaType(reason=f"the content type has to be {MEDIA_TYPE}")
        return await self._answer(request, await request.read())

    async def _answer(self, request: web.Request, packet: bytes) -> web.Response:
        if not _MESSAGE_OCTETS_LEAST <= len(packet) <= TCP_PAYLOAD_MOST:
            raise web.HTTPBadRequest(reason=f"{len(packet)} octets are no DNS message")
        assert request.transport is not None
        host = request.transport.get_extra_info("peername")[0].partition("%")[0]
        reply = await self._answer_of(packet, ip_address(host).packed)
        if not reply:
            raise web.HTTPBadRequest(reason="the message has no answer: it is a response, or cannot be read")
        headers = {hdrs.CACHE_CONTROL: f"max-age={freshness_seconds(reply)}"}
        return web.Response(body=reply, content_type=MEDIA_TYPE, headers=headers)


def freshness_seconds(reply: bytes) -> int:
    """How long HTTP may keep a reply: the smallest TTL of its answer, else of its authority (RFC 8484 5.1), or 0."""
    message = read_message(reply)
    return min((record.ttl for record in message.answer or message.authority), default=0)
