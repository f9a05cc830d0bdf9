"""DNS over TLS (RFC 7858): one connection an upstream, kept while it is used, many queries on it at once.

The upstream proves who it is, always: by a certificate for its name or address, from the system's authorities or from
those of a file that was named (a "strict" profile, RFC 8310 5).
"""

from __future__ import annotations

import asyncio
import ssl

from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.query import Query
from dnsd.forward.tcp import framed, read_framed
from dnsd.forward.upstream import Upstream
from dnsd.runtime.tasks import Tasks

IDLE_SECONDS = 10.0
"""After so long without a message the connection is closed: opening one again costs two round trips."""


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Trust in the authorities of ``ca_file``, or in the system's. Raises OSError when it cannot be read."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class TlsLine:
    """The connection to one upstream; it is opened by the first query and again after it has ended."""

    def __init__(self, upstream: Upstream, context: ssl.SSLContext) -> None:
        self._upstream = upstream
        self._context = context
        self._tasks = Tasks("tls")
        self._opening = asyncio.Lock()
        self._writer: asyncio.StreamWriter | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._messages = 0
        self._asked: dict[bytes, tuple[Query, asyncio.Future[bytes]]] = {}

    async def ask(self, query: Query, within_seconds: float) -> bytes:
        """The response to ``query``. Raises UpstreamFailed."""
        try:
            async with asyncio.timeout(within_seconds):
                was_open = self._writer is not None
                try:
                    return await self._ask(query)
                except (OSError, EOFError):
                    if not was_open:
                        raise
                    # The upstream has closed a connection that was idle (RFC 7766 6.2.4): once more on a new one.
                    return await self._ask(query)
        except TimeoutError:
            raise UpstreamFailed("timeout") from None
        except ssl.SSLError:
            raise UpstreamFailed("tls") from None
        except (OSError, EOFError):
            raise UpstreamFailed("network") from None

    async def close(self) -> None:
        """End the connection; who still waits is told."""
        self._end(ConnectionError("closed"))
        await self._tasks.stop()

    async def _ask(self, query: Query) -> bytes:
        writer = await self._open()
        if query.ident in self._asked:
            raise UpstreamFailed("busy")
        answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked[query.ident] = query, answered
        try:
            writer.write(framed(query.packet))
            return await answered
        finally:
            self._asked.pop(query.ident, None)

    async def _open(self) -> asyncio.StreamWriter:
        async with self._opening:
            if self._writer is None:
                where = self._upstream
                name = where.tls_name or where.host
                reader, writer = await asyncio.open_connection(
                    where.host, where.port, ssl=self._context, server_hostname=name
                )
                self._writer = writer
                self._tasks.start("read", self._read(reader, writer))
                self._watch(writer, self._messages)
            return self._writer

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand out what comes, until it ends."""
        fault: Exception = EOFError()
        try:
            while True:
                packet = await read_framed(reader)
                self._messages += 1
                query, answered = self._asked.get(packet[:2], (None, None))
                if query is not None and answered is not None and query.is_answered_by(packet) and not answered.done():
                    answered.set_result(packet)
        except (OSError, EOFError) as ended:
            fault = ended
        finally:
            if self._writer is writer:
                self._end(fault)

    def _watch(self, writer: asyncio.StreamWriter, messages: int) -> None:
        """Look again after the idle time, and end the connection when nothing has come and nothing is waited for."""

        def look() -> None:
            if self._writer is not writer:
                return
            if self._asked or self._messages != messages:
                self._watch(writer, self._messages)
            else:
                self._end(ConnectionError("idle"))

        self._timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, look)

    def _end(self, fault: Exception) -> None:
        writer, self._writer = self._writer, None
        if self._timer is not None:
            self._timer.cancel()
        if writer is not None:
            writer.transport.abort()
        for _, answered in self._asked.values():
            if not answered.done():
                answered.set_exception(fault)
