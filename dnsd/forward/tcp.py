"""One query over TCP, or over a TLS connection: two octets of length before each message (RFC 1035 4.2.2)."""

from __future__ import annotations

import asyncio

from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.query import Query
from dnsd.forward.upstream import Upstream

FOREIGN_MOST = 5
"""Messages of others that a connection may bring before it is given up."""


async def ask_over_tcp(upstream: Upstream, query: Query, within_seconds: float) -> bytes:
    """The response to ``query`` on a connection of its own. Raises UpstreamFailed."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(within_seconds):
            reader, writer = await asyncio.open_connection(upstream.host, upstream.port)
            writer.write(framed(query.packet))
            for _ in range(FOREIGN_MOST):
                packet = await read_framed(reader)
                if query.is_answered_by(packet):
                    return packet
    except TimeoutError:
        raise UpstreamFailed("timeout") from None
    except (OSError, EOFError):
        raise UpstreamFailed("network") from None
    finally:
        if writer is not None:
            writer.transport.abort()
    raise UpstreamFailed("malformed")


def framed(packet: bytes) -> bytes:
    """The message with its length before it."""
    return len(packet).to_bytes(2) + packet


async def read_framed(reader: asyncio.StreamReader) -> bytes:
    """The next message of a stream. Raises IncompleteReadError (an EOFError) at its end."""
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
