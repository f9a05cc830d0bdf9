"""One query over UDP: a connected socket of its own, so that only the upstream's address and port are heard.

The kernel draws the source port, the system's generator the id; both are new for every query (RFC 5452 9.2).
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.query import Query
from dnsd.forward.upstream import Upstream

NEAR_MISSES_MOST = 5
"""Wrong answers from the right place, after which somebody may be guessing: the question goes over TCP."""
_DATAGRAM_OCTETS_MOST = 4096


class Unsure(UpstreamFailed):
    """Only TCP can tell: so many near misses."""

    def __init__(self) -> None:
        super().__init__("near-misses")


async def ask_over_udp(upstream: Upstream, query: Query, within_seconds: float) -> bytes:
    """The response to ``query``, maybe truncated. Raises UpstreamFailed; Unsure when somebody else seems to answer."""
    loop = asyncio.get_running_loop()
    misses = 0
    with _socket_to(upstream) as udp:
        try:
            async with asyncio.timeout(within_seconds):
                await loop.sock_sendall(udp, query.packet)
                while misses < NEAR_MISSES_MOST:
                    packet = await loop.sock_recv(udp, _DATAGRAM_OCTETS_MOST)
                    if query.is_answered_by(packet):
                        return packet
                    misses += 1
        except TimeoutError:
            if not misses:
                raise UpstreamFailed("timeout") from None
        except OSError:
            raise UpstreamFailed("network") from None
    raise Unsure


def _socket_to(upstream: Upstream) -> socket.socket:
    family = socket.AF_INET6 if ":" in upstream.host else socket.AF_INET
    udp: socket.socket | None = None
    try:
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.setblocking(False)
        place = socket.getaddrinfo(upstream.host, upstream.port, family, flags=socket.AI_NUMERICHOST)[0][4]
        udp.connect(place)
    except OSError:
        with suppress(AttributeError):
            udp.close()  # type: ignore[union-attr]
        raise UpstreamFailed("network") from None
    return udp
