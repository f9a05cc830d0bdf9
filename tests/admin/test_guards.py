"""A request names this host and comes from no other site; it ends within its time."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from dnsd.admin import bodies, connections, guards, operations, routes
from dnsd.admin.failures import TooSlow
from dnsd.admin.guards import limit_time
from dnsd.model.errors import StoreUnavailable


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8053",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:8053",
        "dnsd.example",
        "DNSD.example:80",
    ],
)
async def test_hosts_that_are_ours(new_replica: Any, host: str) -> None:
    async with new_replica(loaded=False, hosts=["dnsd.example"]) as replica:
        assert (await replica.call("GET", "/livez", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8053",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "localhost:x",
        "user@localhost",
        "localhost/x",
        "localhost@evil.example",
        "[::1",
        "::1",
        "",
    ],
)
async def test_hosts_that_are_not(new_replica: Any, host: str) -> None:
    async with new_replica(loaded=False) as replica:
        octets = await replica.raw(f"GET /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert octets.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 "))
    assert b"application/problem+json" in octets


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: evil.example\r\n"])
async def test_no_host_and_two_hosts(new_replica: Any, hosts: bytes) -> None:
    """RFC 9112 3.2: a server MUST respond with 400 to a request that lacks a Host header field, or has two."""
    async with new_replica(loaded=False) as replica:
        octets = await replica.raw(b"GET /livez HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
        assert octets.split()[1] == b"400"
        octets = await replica.raw(b"GET /livez HTTP/1.0\r\n" + hosts + b"\r\n")
        assert octets.split()[1] in (b"400", b"403")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "Cross-Site"},
    ],
)
async def test_pages_of_other_sites(new_replica: Any, headers: dict[str, str]) -> None:
    async with new_replica(loaded=False) as replica:
        answer = await replica.call("GET", "/livez", headers={"Host": "localhost:8053"} | headers)
        answer.assert_problem(403, "misdirected")


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost:8053"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
async def test_pages_of_our_own(new_replica: Any, headers: dict[str, str]) -> None:
    async with new_replica(loaded=False) as replica:
        answer = await replica.call("GET", "/livez", headers={"Host": "localhost:8053"} | headers)
        assert answer.status == 200
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_nothing_is_to_be_cached(new_replica: Any) -> None:
    async with new_replica(loaded=False) as replica:
        for path in ("/livez", "/readyz", "/metrics"):
            answer = await replica.call("GET", path)
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Server"] == "dnsd"


async def test_a_call_that_takes_too_long_is_given_up() -> None:
    async def never(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    limit = limit_time(0.01, frozenset({"/v1/watch"}))
    with pytest.raises(StoreUnavailable) as away:
        await limit(make_mocked_request("GET", "/livez"), never)
    assert away.value.reason == "slow"


async def test_an_endless_call_has_no_limit() -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return web.Response()

    limit = limit_time(0.01, frozenset({"/v1/watch"}))
    assert (await limit(make_mocked_request("GET", "/v1/watch"), slow)).status == 200


async def test_a_timeout_of_the_call_s_own_is_its_own() -> None:
    async def failing(_: web.Request) -> web.StreamResponse:
        raise TimeoutError("own")

    with pytest.raises(TimeoutError, match="own"):
        await limit_time(5, frozenset())(make_mocked_request("GET", "/livez"), failing)


async def test_a_body_that_does_not_come_is_the_callers_fault(
    new_replica: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dnsd.admin.routes.REQUEST_SECONDS_MOST", 0.05)
    monkeypatch.setattr("dnsd.admin.connections.LINGERING_SECONDS", 0.05)
    async with new_replica(loaded=False) as replica:
        head = b"PUT /v1/namespaces/a/services/b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        octets = await replica.raw(head + b"Content-Length: 10\r\n\r\n{")
    assert octets.startswith(b"HTTP/1.1 408 ")
    assert b"/problems/too-slow" in octets
    assert TooSlow.__doc__


def test_sizes_and_times_are_those_that_the_document_names() -> None:
    """Other tests turn them down or take them from the code: this one holds the figures of docs/security.md."""
    assert (guards.HEADER_OCTETS_MOST, connections.HEADER_LINE_OCTETS_MOST) == (16 * 1024, 8 * 1024)
    assert (bodies.BODY_OCTETS_MOST, bodies.LARGE_BODY_OCTETS_MOST) == (64 * 1024, 2 * 1024 * 1024)
    assert (bodies.JSON_DEPTH_MOST, operations.OPERATIONS_MOST) == (16, 1000)
    assert (connections.HEADER_SECONDS_MOST, routes.REQUEST_SECONDS_MOST) == (5, 15)
