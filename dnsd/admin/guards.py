"""Who may ask, and for how long: a loopback API is within reach of every page that a browser on this host opens.

No CORS, no cookies: a request names this very host, and does not come from another site's page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from dnsd.admin.failures import SERVER_NAME, HeadersTooLarge, Misdirected, TooSlow
from dnsd.model.errors import StoreUnavailable

HEADER_OCTETS_MOST = 16 * 1024
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def guard_hosts(hosts: Iterable[str]) -> Middleware:
    """A middleware for what is meant for one of ``hosts``, for loopback, or for the address it came to."""
    known = LOOPBACK_HOSTS | {host.lower().strip("[]") for host in hosts}

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        _check_host(request, known)
        _check_origin(request)
        return await handler(request)

    return guard


@web.middleware
async def guard_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a header above HEADER_OCTETS_MOST in all; each of its lines has a limit of its own (``connections``)."""
    octets = len(request.method) + len(request.raw_path) + len(" HTTP/1.1  ")
    octets += sum(len(name) + len(text) + len(": \r\n") for name, text in request.raw_headers)
    if octets > HEADER_OCTETS_MOST:
        raise HeadersTooLarge(f"the header has {octets} octets, at most {HEADER_OCTETS_MOST} are read")
    return await handler(request)


def limit_time(seconds: float, endless: frozenset[str]) -> Middleware:
    """A middleware that gives a request so many seconds, unless its path is one of ``endless``."""

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in endless:
            return await handler(request)
        try:
            async with asyncio.timeout(seconds) as deadline:
                return await handler(request)
        except TimeoutError:
            if not deadline.expired():
                raise
        if request.can_read_body and not request.content.at_eof():
            raise TooSlow(f"the body did not arrive within {seconds:g} s")
        raise StoreUnavailable("slow", f"not finished within {seconds:g} s; whether it was done is not known")

    return limit


@web.middleware
async def add_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What every response says: nothing here is to be kept or guessed at."""
    response = await handler(request)
    if not response.prepared:
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers[hdrs.SERVER] = SERVER_NAME
    return response


def _check_host(request: web.Request, known: frozenset[str]) -> None:
    given = request.headers.getall(hdrs.HOST, [])
    host = _host_name(given[0]) if len(given) == 1 else None
    if host is None or not (host in known or host in _address_here(request)):
        raise Misdirected("the Host header names none of this server's addresses")


def _check_origin(request: web.Request) -> None:
    if request.headers.get("Sec-Fetch-Site", "").lower() == "cross-site":
        raise Misdirected("another site's page may not ask")
    for origin in request.headers.getall(hdrs.ORIGIN, []):
        if origin.lower().partition("://")[2] != request.headers[hdrs.HOST].lower():
            raise Misdirected("a page of another origin may not ask")


@lru_cache(maxsize=64)
def _host_name(text: str) -> str | None:
    """The host of ``host:port``, in lower case, without brackets; None when it is none."""
    try:
        parts = urlsplit(f"//{text}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == text and "@" not in text else None


def _address_here(request: web.Request) -> frozenset[str]:
    """The address at which the connection came in."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    return frozenset({str(name[0]).removeprefix("::ffff:")}) if isinstance(name, tuple) else frozenset()
