"""DNS over TLS (RFC 7858): messages behind two octets of length, answered in the order in which answers are there."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from dnsd.runtime.listeners import end_listeners
from dnsd.runtime.tasks import Tasks
from dnsd.server.answering import Answering
from dnsd.server.guests import client_of

CONNECTIONS_MOST = 500
CONNECTIONS_A_CLIENT_MOST = 50
IN_FLIGHT_MOST = 16
HANDSHAKE_SECONDS = 5.0
IDLE_SECONDS = 20.0
"""RFC 7766 6.2.3: a few seconds; TLS costs a handshake, so somewhat more."""
SENT_WITHIN_SECONDS = 10.0
MESSAGE_OCTETS_LEAST = 12
_LENGTH_OCTETS = 2


class DotServer:
    """Serves TLS connections of some listening sockets."""

    def __init__(self, sockets: Sequence[socket.socket], answering: Answering, context: ssl.SSLContext) -> None:
        self._sockets = sockets
        self._answering = answering
        self._context = context
        self._servers: list[asyncio.Server] = []
        self._clients: Counter[bytes] = Counter()
        self._tasks = Tasks("dot")

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._clients.total()

    async def open(self) -> None:
        """Accept from now on."""
        for each in self._sockets:
            # What is accepted inherits it. asyncio sets it only where IPPROTO_TCP was named as the socket was made;
            # without it an answer that follows another waits 40 ms for the peer's ACK.
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._servers.append(
                await asyncio.start_server(
                    self._serve, sock=each, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_SECONDS
                )
            )

    async def close(self) -> None:
        """Accept no more and end all connections."""
        await end_listeners(self._servers)
        await self._tasks.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = peer_of(writer.get_extra_info("peername"))
        client = client_of(peer)
        if self.connections >= CONNECTIONS_MOST or self._clients[client] >= CONNECTIONS_A_CLIENT_MOST:
            self._answering.tally.add("dnsd_dns_tcp_refused", "client" if self._clients[client] else "total")
            writer.transport.abort()
            return
        self._clients[client] += 1
        with suppress(OSError, EOFError, TimeoutError, asyncio.CancelledError):
            await self._converse(reader, writer, peer)
        self._clients[client] -= 1
        self._clients += Counter()  # forgets who has none
        writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: bytes) -> None:
        """Until the peer has no more to ask, or lets us wait."""
        room = asyncio.Semaphore(IN_FLIGHT_MOST)
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                length = int.from_bytes(await reader.readexactly(_LENGTH_OCTETS))
                packet = await reader.readexactly(length)
            if length < MESSAGE_OCTETS_LEAST:
                return
            async with asyncio.timeout(SENT_WITHIN_SECONDS):
                await room.acquire()
                await writer.drain()
            self._tasks.start("answer", self._answer(packet, peer, writer, room))

    async def _answer(self, packet: bytes, peer: bytes, writer: asyncio.StreamWriter, room: asyncio.Semaphore) -> None:
        reply = await self._answering.answer(packet, peer)
        room.release()
        if not writer.transport.is_closing():
            writer.write(len(reply).to_bytes(_LENGTH_OCTETS) + reply) if reply else writer.transport.abort()


def peer_of(address: tuple[str, int] | tuple[str, int, int, int]) -> bytes:
    """The octets of a socket's peer address."""
    host = address[0].partition("%")[0]
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
