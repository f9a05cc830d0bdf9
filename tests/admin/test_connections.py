"""What never becomes a request ends in a problem document or in a closed connection, within its time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dnsd.admin import connections

HUGE_OCTETS = 20_000_000


@pytest.mark.parametrize(
    "octets",
    [
        b"nonsense\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 9000 + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 100 + b"\r\n",
        b"PUT /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"PUT /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_http(new_replica: Any, octets: bytes) -> None:
    async with new_replica(loaded=False) as replica:
        answer = await replica.raw(octets)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"Content-Type: application/problem+json" in answer
    assert b"Traceback" not in answer


async def test_an_expectation_that_is_not_done_here(new_replica: Any) -> None:
    async with new_replica(loaded=False) as replica:
        for path in ("/livez", "/nowhere"):
            answer = await replica.call("GET", path, headers={"Expect": "the-unexpected"})
            answer.assert_problem(417, "expectation-failed")


async def test_an_accident_is_a_500_that_tells_nothing(
    new_replica: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("dnsd.admin.status.StatusCalls.live", broken)
    monkeypatch.setattr("dnsd.admin.status.StatusCalls.routes", lambda self: [connections.web.get("/livez", broken)])
    async with new_replica(loaded=False) as replica:
        answer = await replica.call("GET", "/livez")
        shown = answer.assert_problem(500, "internal")
        assert "secret" not in str(shown)
        assert "ZeroDivisionError" in caplog.text


async def test_a_header_that_does_not_come_ends_the_connection(
    new_replica: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dnsd.admin.connections.HEADER_SECONDS_MOST", 0.05)
    async with new_replica(loaded=False) as replica:
        assert await replica.raw(b"") == b""
        assert await replica.raw(b"GET /livez HTTP/1.1\r\nHost: loc") == b""


async def test_an_idle_connection_stays_but_half_a_second_header_does_not(
    new_replica: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dnsd.admin.connections.HEADER_SECONDS_MOST", 0.3)
    request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with new_replica(loaded=False) as replica:
        reader, writer = await asyncio.open_connection("127.0.0.1", replica.port)
        for _ in range(2):
            writer.write(request)
            assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.4)  # longer than a header may take: being idle is not the same
        writer.write(request[:10])
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_a_reader_that_does_not_read_is_left(
    new_replica: Any, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., Any]
) -> None:
    monkeypatch.setattr(connections, "RESPONSE_SECONDS_MOST", 0.05)

    async def huge(_: object) -> object:
        return connections.web.Response(body=b"x" * HUGE_OCTETS)

    monkeypatch.setattr("dnsd.admin.status.StatusCalls.routes", lambda self: [connections.web.get("/livez", huge)])
    async with new_replica(loaded=False) as replica:
        reader, writer = await asyncio.open_connection("127.0.0.1", replica.port, limit=1)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server = replica.admin._runner.server
        await wait_until(lambda: len(server.connections) == 1, "the connection is there")
        await wait_until(lambda: len(server.connections) == 0, "the connection is gone")
        assert len(await asyncio.wait_for(reader.read(), 20)) < HUGE_OCTETS, "what the kernels hold, and no more"
        writer.close()


async def test_pipelined_requests_are_answered_in_order(new_replica: Any) -> None:
    async with new_replica(loaded=False) as replica:
        first = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answer = await replica.raw(first * 3 + first.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer.count(b"HTTP/1.1 200 OK") == 4


async def test_an_accident_within_a_response_ends_the_connection(
    new_replica: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(request: connections.web.Request) -> None:
        response = connections.web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        raise ZeroDivisionError

    monkeypatch.setattr("dnsd.admin.status.StatusCalls.routes", lambda self: [connections.web.get("/livez", broken)])
    async with new_replica(loaded=False) as replica:
        answer = await replica.raw(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.count(b"HTTP/1.1") == 1
        assert b"problem" not in answer
        assert "ZeroDivisionError" in caplog.text


async def test_a_header_is_cut_off_at_16_kb_whole_or_not(new_replica: Any) -> None:
    lines = b"".join(b"A%d: %s\r\n" % (number, b"x" * 4000) for number in range(5))
    async with new_replica(loaded=False) as replica:
        assert await replica.raw(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + lines) == b""
        whole = await replica.raw(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + lines + b"Connection: close\r\n\r\n")
        assert whole.startswith(b"HTTP/1.1 431 ")
        assert b"/problems/headers-too-large" in whole
        fitting = lines[: 4 * (len(lines) // 5)] + b"Connection: close\r\n\r\n"
        assert b" 200 OK" in await replica.raw(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + fitting)


async def test_a_long_body_is_no_long_header(replica: Any) -> None:
    for _ in range(2):  # the second on the same connection
        answer = await replica.call("POST", "/v1/renew", {"endpoints": []} | {"padding": "x" * 40_000})
        answer.assert_problem(422, "invalid-record")


async def test_what_a_stranger_sent_makes_one_line_of_the_log(
    new_replica: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: object) -> None:
        raise ZeroDivisionError

    routes = [connections.web.get("/problems/{slug}", broken)]
    monkeypatch.setattr("dnsd.admin.openapi.OpenApiCalls.routes", lambda self: routes)
    async with new_replica(loaded=False) as replica:
        (await replica.call("GET", "/problems/a%0Ab" + "x" * 1000)).assert_problem(500, "internal")
        [line] = [record.getMessage() for record in caplog.records if record.name == "dnsd.admin"]
    assert "\n" not in line
    assert r"/problems/a\nb" in line
    assert len(line) < 300
