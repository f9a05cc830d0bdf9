"""The one HTTP client: calls the admin API of the first server that answers, and says in one line when none does.

Every write of the API may be repeated, so a call that one server did not answer is made to the next.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from dnsd import __version__
from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.options import Connection

CALL_SECONDS = 2.0
"""After this a server has not answered, and the next one is asked."""
STREAM_SILENCE_SECONDS = 45.0
"""After this a stream is dead; a server says something every 15 s."""
PAGE_ITEMS = 1000

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's JSON, and its clock (Unix seconds) when it gave it, None when it did not say."""

    status: int
    document: Any
    date: float | None


class Refused(CommandFailed):
    """A server understood the call and said no. ``slug`` is the last part of the problem's type."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after_seconds: float | None) -> None:
        self.code = status
        self.slug = str(problem.get("type", "")).rpartition("/")[2]
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds
        super().__init__(_problem_text(status, problem))


class Unreachable(CommandFailed):
    """No server answered, or none could do it now; the text says what each of them did."""


class NoAdminApi(aiohttp.ClientError):
    """Something answered, but no dnsd."""


class Client:
    """Calls to the servers of one connection; use it with ``async with``. Stays with the server that answered last."""

    def __init__(self, connection: Connection) -> None:
        self._servers = connection.servers
        self._at = 0
        self._headers = {"User-Agent": f"dnsd/{__version__}", "Accept": "application/json, application/problem+json"}
        if connection.token is not None:
            self._headers["Authorization"] = f"Bearer {connection.token}"
        self._tls = _trust(connection)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Client:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=8),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=["Content-Type"],  # else a call without a body claims to have one of some type
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: object = None,
        seconds: float | None = None,
        takes: Collection[int] = (),
    ) -> Reply:
        """Call the API; ``body`` becomes JSON, octets are JSON already. Each server gets ``seconds``, else 2.

        ``takes``: statuses from 400 on that are an answer here like any other.
        Raises Refused (4xx) and Unreachable.
        """
        seconds = CALL_SECONDS if seconds is None else seconds
        troubles = []
        for server in self._in_turn():
            try:
                reply, retry_after = await self._ask(server, method, path, query, body, seconds)
            except (aiohttp.ClientError, TimeoutError, OSError) as fault:
                troubles.append(f"{server}: {_trouble(fault, seconds)}")
                continue
            if reply.status >= 500 and reply.status not in takes:
                troubles.append(f"{server}: {_problem_text(reply.status, reply.document)}")
                continue
            self._at = self._servers.index(server)
            if reply.status >= 400 and reply.status not in takes:
                raise Refused(reply.status, reply.document, retry_after)
            return reply
        raise Unreachable(_none_answered(troubles))

    async def items(self, path: str, query: Query = ()) -> dict[str, Any]:
        """All items of a list, page after page: ``{"items", "revision"}`` with the revision of the last page."""
        items: list[Any] = []
        page_query: Query = (*query, ("limit", str(PAGE_ITEMS)))
        while True:
            page = (await self.call("GET", path, query=page_query)).document
            items += page["items"]
            if page["next"] is None:
                return {"items": items, "revision": page["revision"]}
            page_query = (*query, ("limit", str(PAGE_ITEMS)), ("cursor", page["next"]))

    @asynccontextmanager
    async def stream(self, path: str, query: Query, headers: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        """The octets of an endless reply, as they come. Raises Refused, and Unreachable also in the middle."""
        response = await self._open_stream(path, query, headers)
        try:
            yield self._chunks(response)
        finally:
            response.close()

    async def _open_stream(self, path: str, query: Query, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        troubles = []
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CALL_SECONDS, sock_read=STREAM_SILENCE_SECONDS)
        assert self._session is not None
        for server in self._in_turn():
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    response = await self._session.get(_url(server, path, query), headers=headers, timeout=limits)
                if response.status == 200:
                    self._at = self._servers.index(server)
                    return response
                async with response:
                    reply, retry_after = await _read(response)
            except (aiohttp.ClientError, TimeoutError, OSError) as fault:
                troubles.append(f"{server}: {_trouble(fault, CALL_SECONDS)}")
                continue
            if reply.status < 500:
                raise Refused(reply.status, reply.document, retry_after)
            troubles.append(f"{server}: {_problem_text(reply.status, reply.document)}")
        raise Unreachable(_none_answered(troubles))

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise Unreachable(f"{response.url.origin()}: {_trouble(fault, STREAM_SILENCE_SECONDS)}") from None

    def _in_turn(self) -> list[str]:
        """All servers, from the one that answered last."""
        return [*self._servers[self._at :], *self._servers[: self._at]]

    async def _ask(
        self, server: str, method: str, path: str, query: Query, body: object, seconds: float
    ) -> tuple[Reply, float | None]:
        assert self._session is not None
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        limits = aiohttp.ClientTimeout(total=seconds)
        url = _url(server, path, query)
        async with self._session.request(
            method, url, data=data, headers=headers, timeout=limits, allow_redirects=False
        ) as response:
            return await _read(response)


def _url(server: str, path: str, query: Query) -> URL:
    return URL(f"{server}{path}{f'?{urlencode(query)}' if query else ''}", encoded=True)


async def _read(response: aiohttp.ClientResponse) -> tuple[Reply, float | None]:
    """The reply and its Retry-After. NoAdminApi for what is no JSON, so that the next server is asked."""
    text = await response.read()
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or 300 <= response.status < 400:
        raise NoAdminApi(f"status {response.status} without a dnsd's JSON: no admin API of dnsd is there")
    retry_after = response.headers.get("Retry-After", "")
    date = _unix_seconds(response.headers.get("Date"))
    return Reply(response.status, document, date), float(retry_after) if retry_after.isdigit() else None


def _unix_seconds(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None


def _trust(connection: Connection) -> ssl.SSLContext | bool:
    """Whom we trust, and who we are."""
    ca_file, cert = connection.ca_file, connection.client_cert
    if ca_file is None and cert is None:
        return True
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (ssl.SSLError, OSError) as fault:
        raise WrongCall(
            f"--ca-file {ca_file}: no certificates can be read from it: {fault.strerror or fault}"
        ) from None
    if cert is not None:
        try:
            context.load_cert_chain(cert, connection.client_key, password=lambda: "")
        except (ssl.SSLError, OSError) as fault:
            raise WrongCall(
                f"--client-cert {cert}: no certificate and key can be read: {fault.strerror or fault}"
            ) from None
    return context


def _trouble(fault: BaseException, seconds: float) -> str:
    """Why a server did not answer, in a few words."""
    if isinstance(fault, TimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(fault, aiohttp.ClientPayloadError):
        return "the connection broke"
    if isinstance(fault, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted: {fault.certificate_error}"
    cause = fault.os_error if isinstance(fault, aiohttp.ClientConnectorError) else fault
    if isinstance(cause, OSError) and cause.errno and cause.errno > 0:
        return os.strerror(cause.errno).lower()
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror).lower()
    return str(fault) or type(fault).__name__


def _none_answered(troubles: list[str]) -> str:
    hint = "; is `dnsd serve` running?" if all("connection refused" in trouble for trouble in troubles) else ""
    return f"{'; '.join(troubles)}{hint}"


def _problem_text(status: int, problem: object) -> str:
    """The detail of a problem document, which says all; with its title where the detail does not speak for itself."""
    document = problem if isinstance(problem, dict) else {}
    title, detail = document.get("title") or f"status {status}", document.get("detail")
    return f"{title}: {detail}" if detail and detail != title else str(title)
