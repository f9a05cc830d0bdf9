"""Every call of the contract has its path and its methods; what is none of them gets a problem document."""

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

ENDPOINT = "/v1/namespaces/default/services/web/endpoints/a"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/namespaces/default/services", "GET,HEAD"),
        ("/v1/namespaces/default/services/web", "DELETE,GET,HEAD,PUT"),
        ("/v1/services", "GET,HEAD"),
        ("/v1/endpoints", "GET,HEAD"),
        (ENDPOINT, "DELETE,GET,HEAD,PATCH,PUT"),
        (f"{ENDPOINT}/renew", "POST"),
        (f"{ENDPOINT}/drain", "POST"),
        (f"{ENDPOINT}/undrain", "POST"),
        ("/v1/renew", "POST"),
        ("/v1/batch", "POST"),
        ("/v1/apply", "POST"),
        ("/v1/watch", "GET"),
        ("/livez", "GET,HEAD"),
        ("/readyz", "GET,HEAD"),
        ("/metrics", "GET,HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
async def test_other_methods_are_405_with_allow(new_replica: Any, method: str, path: str, methods: str) -> None:
    async with new_replica(loaded=False) as replica:
        answer = await replica.call(method, path)
        answer.assert_problem(405, "method-not-allowed")
        assert ",".join(sorted(answer.headers["Allow"].split(","))) == methods


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/services", "/v1/services/", "/v1/namespaces/a/services/", f"{ENDPOINT}/x", "/v1//watch"]
)
async def test_unknown_paths_are_404(new_replica: Any, path: str) -> None:
    async with new_replica(loaded=False) as replica:
        (await replica.call("GET", path)).assert_problem(404, "unknown-path")
        (await replica.call("PUT", path, {})).assert_problem(404, "unknown-path")


async def test_it_serves_on_every_socket_and_stops_at_once(new_replica: Any) -> None:
    async with new_replica(loaded=False) as replica:
        more = socket.create_server(("127.0.0.1", 0))
        port = more.getsockname()[1]
        await replica.admin.stop()
        first = socket.create_server(("127.0.0.1", 0))
        replica.port = first.getsockname()[1]
        await replica.admin.serve([first, more])
        request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert (await replica.raw(request)).endswith(b"ok\n")
        replica.port = port
        assert (await replica.raw(request)).endswith(b"ok\n")
        async with asyncio.timeout(1):
            await replica.admin.stop()
        with pytest.raises(ConnectionRefusedError):
            await replica.raw(request)


async def test_a_request_under_way_is_finished_before_the_end(
    new_replica: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> object:
        arrived.set()
        await go_on.wait()
        return web.Response(text="done")

    monkeypatch.setattr("dnsd.admin.status.StatusCalls.routes", lambda self: [web.get("/livez", slow)])
    async with new_replica(loaded=False) as replica:
        calling = asyncio.ensure_future(replica.call("GET", "/livez"))
        await arrived.wait()
        stopping = asyncio.ensure_future(replica.admin.stop())
        await asyncio.sleep(0)
        go_on.set()
        assert (await calling).octets == b"done"
        await stopping


@pytest.mark.parametrize("turns", range(6))
async def test_who_came_as_it_stopped_is_let_go(new_replica: Any, turns: int) -> None:
    async with new_replica(loaded=False) as replica:
        with socket.create_connection(("127.0.0.1", replica.port)) as client:
            for _ in range(turns):
                await asyncio.sleep(0)
            await replica.admin.stop()
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            with suppress(ConnectionResetError):
                assert await asyncio.wait_for(loop.sock_recv(client, 1), 5) == b""
