"""A body has the right type, a bounded size and depth, and is JSON; whatever else it is, the answer says so."""

import asyncio
import io
import json
from typing import Any

import pytest

from dnsd.admin import bodies
from dnsd.admin.failures import NotJson

WEB_1 = "/v1/namespaces/default/services/web/endpoints/web-1"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b" ",
        b"{",
        b"{]",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":"\xff"}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b"{}{}",
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 5000,
        b"[" * 5000 + b"]" * 5000,
        b"[" * 17 + b"]" * 17,
        b'{"a":' * 17 + b"1" + b"}" * 17,
    ],
)
def test_what_is_not_json(octets: bytes) -> None:
    with pytest.raises(NotJson):
        bodies.json_value(octets)


@pytest.mark.parametrize("octets", [b"{}", b"null", b" [1] ", b'"\\ud800"', b"[" * 16 + b"]" * 16])
def test_what_is_json(octets: bytes) -> None:
    assert bodies.json_value(octets) == json.loads(octets)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/yaml",
        "application/json; charset=utf-16",
        "application/json+x",
        "json",
        "*/*",
        "",
    ],
)
async def test_other_content_types(replica: Any, content_type: str) -> None:
    answer = await replica.call("PUT", WEB_1, octets=b'{"address":"192.0.2.1"}', headers={"Content-Type": content_type})
    assert "application/json" in answer.assert_problem(415, "unsupported-media-type")["detail"]


async def test_no_content_type_at_all(replica: Any) -> None:
    answer = await replica.call("PUT", WEB_1, octets=b'{"address":"192.0.2.1"}')
    answer.assert_problem(415, "unsupported-media-type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
async def test_json_by_other_spellings(replica: Any, content_type: str) -> None:
    answer = await replica.call("PUT", WEB_1, octets=b'{"address":"192.0.2.1"}', headers={"Content-Type": content_type})
    assert answer.status in (200, 201)


async def test_compressed_bodies_are_not_unpacked(replica: Any) -> None:
    answer = await replica.call("PUT", WEB_1, octets=b"x", headers=JSON | {"Content-Encoding": "gzip"})
    answer.assert_problem(415, "unsupported-media-type")


async def test_sizes(replica: Any) -> None:
    room = bodies.BODY_OCTETS_MOST - len(b'{"address":"192.0.2.1"}')
    fits = b'{"address":"192.0.2.1"' + b" " * room + b"}"
    assert (await replica.call("PUT", WEB_1, octets=fits, headers=JSON)).status == 201
    (await replica.call("PUT", WEB_1, octets=fits + b" ", headers=JSON)).assert_problem(413, "too-large")


async def test_a_size_that_is_announced_is_refused_before_it_comes(
    replica: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dnsd.admin.connections.LINGERING_SECONDS", 0.05)
    head = b"PUT %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n"
    octets = await replica.raw(head % WEB_1.encode())
    assert b"413" in octets.split(b"\r\n")[0]


async def test_a_size_that_is_not_announced_is_refused_while_it_comes(replica: Any) -> None:
    async def endless():  # type: ignore[no-untyped-def]
        for _ in range(100):
            yield b" " * 10_000

    async with replica.session.put(WEB_1, data=endless(), headers=JSON) as response:
        assert response.status == 413


async def test_a_broken_chunk_is_400(replica: Any) -> None:
    head = b"PUT %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    octets = await replica.raw(head % WEB_1.encode() + b"zz\r\n")
    assert b" 400 " in octets.split(b"\r\n")[0]
    assert b"application/problem+json" in octets


async def test_a_chunk_that_breaks_later_is_the_callers_fault_too(
    replica: Any, wait_until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parser tells the call nothing of it, so its time ends it."""
    monkeypatch.setattr("dnsd.admin.routes.REQUEST_SECONDS_MOST", 0.2)
    monkeypatch.setattr("dnsd.admin.connections.LINGERING_SECONDS", 0.05)
    await replica.admin.stop()
    await replica.start(loaded=False)
    head = b"PUT %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    writer.write(head % WEB_1.encode())
    server = replica.admin._runner.server
    await wait_until(lambda: any(each._current_request for each in server.connections), "the call reads its body")
    writer.write(b"zz\r\n")
    octets = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert b" 408 " in octets.split(b"\r\n")[0]


async def test_who_leaves_in_the_middle_of_a_body_is_no_accident(
    replica: Any, wait_until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"PUT %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    writer.write(head % WEB_1.encode() + b"{")
    server = replica.admin._runner.server
    await wait_until(lambda: any(each._current_request for each in server.connections), "the call reads its body")
    writer.close()
    await wait_until(lambda: not server.connections, "the connection is gone")

    async def counted() -> set[str]:
        lines = (await replica.call("GET", "/metrics")).octets.decode().splitlines()
        return {line for line in lines if line.startswith("dnsd_admin_requests_total") and 'method="PUT"' in line}

    seen = await counted()
    assert len(seen) == 1
    assert 'status="400"' in seen.pop()
    assert not caplog.records


@pytest.mark.parametrize(
    ("octets", "headers", "status"),
    [
        (b"", {}, 404),
        (b"", JSON, 404),
        (b"{}", JSON, 404),
        (b" {} ", JSON, 404),
        (b'{"a":1}', JSON, 422),
        (b"null", JSON, 422),
        (b"{", JSON, 400),
        (b"{}", {}, 415),
        (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"", {"Content-Type": "text/plain"}, 415),
        (b" " * 65_537, JSON, 413),
    ],
)
@pytest.mark.parametrize("call", ["POST %s/renew", "POST %s/undrain", "DELETE %s"])
async def test_calls_without_a_body(replica: Any, call: str, octets: bytes, headers: Any, status: int) -> None:
    method, path = (call % WEB_1).split()
    assert (await replica.call(method, path, octets=octets, headers=headers)).status == status


async def test_a_large_body_does_not_hold_the_loop(replica: Any) -> None:
    """2 MB of brackets take a while to read; a heartbeat of somebody else does not wait for it."""
    body = b"[" + b"[]," * 690_000 + b"[]]"
    big = asyncio.ensure_future(replica.call("POST", "/v1/batch", octets=io.BytesIO(body), headers=JSON))
    live = 0
    while not big.done():
        assert (await replica.call("GET", "/livez")).status == 200
        live += 1
    big.result().assert_problem(422, "invalid-record")
    assert live > 1
