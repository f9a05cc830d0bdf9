"""One HTTP connection: limits that hold before there is a request, and problem+json for what never becomes one.

aiohttp knows no limit for the time that a header takes (only for idle connections), and answers bad HTTP, unexpected
exceptions and its own refusals with plain text; so this protocol of ours stands in for its.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from aiohttp.web_request import BaseRequest

from dnsd.admin import failures
from dnsd.admin.guards import HEADER_OCTETS_MOST
from dnsd.runtime.log import remote

HEADER_SECONDS_MOST = 5.0
IDLE_SECONDS_MOST = 75.0
HEADER_LINE_OCTETS_MOST = 8 * 1024
HEADER_LINES_MOST = 64
LINGERING_SECONDS = 2.0
RESPONSE_SECONDS_MOST = 30.0
SHORT_OCTETS_MOST = 16 * 1024
"""A response of so many octets never waits for a reader: asyncio takes four times as many before it does."""

_log = logging.getLogger("dnsd.admin")


class Connection(web.RequestHandler):
    """The server's end of a connection."""

    def __init__(self, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE_SECONDS_MOST,
            logger=_log,
            access_log=None,  # type: ignore[arg-type]  # None is how aiohttp takes "off"
            max_line_size=HEADER_LINE_OCTETS_MOST,
            max_field_size=HEADER_LINE_OCTETS_MOST,
            max_headers=HEADER_LINES_MOST,
            lingering_time=LINGERING_SECONDS,
            auto_decompress=False,
        )
        self._header_timer: asyncio.TimerHandle | None = None
        self._header_octets = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time of the first header."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the time."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Stop the time when a header is whole, start it when one begins; end with one that is too large already."""
        requests = self._request_count
        self._header_octets += len(data)
        super().data_received(data)
        if self._request_count > requests:
            self._stop_timer()
            self._header_octets = 0
        elif self._header_timer is None and self._waiter is not None:
            self._start_timer()
            self._header_octets = len(data)
        if self._header_timer is not None and self._header_octets > HEADER_OCTETS_MOST:
            self.force_close()  # a header that came whole is measured by ``guards``

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Problem+json for bad HTTP (400) and for what nobody expected (500, logged); the connection ends."""
        if status >= 500:
            _log.error("%s %s failed", remote(request.method), remote(request.path), exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("part of a response is out already; the connection ends")
        response = failures.fault_response(status)
        response.force_close()
        return response

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the response, a refusal of aiohttp's own as problem+json; end with a reader that does not read."""
        if isinstance(resp, web.HTTPException):
            resp = failures.refusal_response(resp)
        if _leaves_at_once(request, resp):
            return await super().finish_response(request, resp, start_time)
        try:
            async with asyncio.timeout(RESPONSE_SECONDS_MOST):
                return await super().finish_response(request, resp, start_time)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            return resp, True

    def _start_timer(self) -> None:
        loop = asyncio.get_running_loop()
        self._header_timer = loop.call_later(HEADER_SECONDS_MOST, self._end_slow_header)

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _end_slow_header(self) -> None:
        self._header_timer = None
        self.force_close()


def _leaves_at_once(request: BaseRequest, response: web.StreamResponse) -> bool:
    """True when nobody has to be waited for: a short response, and nothing before it that was not taken."""
    transport = request.transport
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes) or transport is None:
        return False
    return len(response.body) <= SHORT_OCTETS_MOST and transport.get_write_buffer_size() == 0
