"""The client: next server on trouble, refusals in one line, lists to their end, streams."""

import socket

import pytest

from dnsd.cli import client as module
from dnsd.cli.client import Client, Refused, Unreachable
from dnsd.cli.failures import WrongCall
from dnsd.cli.options import Connection

PROBLEM = {"type": "/problems/gone", "title": "Deleted", "status": 410, "detail": "web-1 was deleted on purpose"}
AWAY = {"type": "/problems/store-unavailable", "title": "The store cannot", "status": 503, "detail": "read-only"}


BREAK = "X-Break"


def nobody() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


async def test_a_call_sends_json_and_the_token(scripted):
    server = await scripted()
    server.answers = [(201, {"revision": 4})]
    async with Client(Connection((server.url,), token="secret")) as client:
        reply = await client.call("PUT", "/v1/x%20y", query=[("a", "b c")], body={"n": 1})
    assert (reply.status, reply.document) == (201, {"revision": 4})
    assert server.calls == [("PUT", "/v1/x%20y?a=b+c", {"n": 1})]
    assert server.headers[0]["Authorization"] == "Bearer secret"
    assert server.headers[0]["Content-Type"] == "application/json"
    assert server.headers[0]["User-Agent"].startswith("dnsd/")


async def test_the_servers_clock_comes_with_the_reply(scripted):
    server = await scripted()
    server.answers = [(200, {}, {"Date": "Sat, 21 Nov 2026 02:00:04 GMT"}), (200, {}, {"Date": "soon"})]
    async with Client(Connection((server.url,))) as client:
        assert (await client.call("GET", "/")).date == 1795226404.0
        assert (await client.call("GET", "/")).date is None


@pytest.mark.parametrize(
    "answer", [(503, AWAY), (500, {}), (502, "<html>bad gateway</html>"), (200, "hello"), (302, {})]
)
async def test_the_next_server_is_asked_when_one_cannot(scripted, answer):
    bad, good = await scripted(), await scripted()
    bad.answers = [answer]
    async with Client(Connection((nobody(), bad.url, good.url))) as client:
        assert (await client.call("GET", "/")).status == 200
        assert (len(bad.calls), len(good.calls)) == (1, 1)
        await client.call("GET", "/")
        assert (len(bad.calls), len(good.calls)) == (1, 2)


async def test_the_next_server_is_asked_when_one_is_silent(scripted):
    silent, good = await scripted(), await scripted()
    silent.answers = [None]
    async with Client(Connection((silent.url, good.url))) as client:
        assert (await client.call("GET", "/", seconds=0.1)).status == 200
    assert module.CALL_SECONDS == 2.0


async def test_when_none_answers_each_is_named_with_its_reason(scripted):
    away, silent, gone = await scripted(), await scripted(), nobody()
    away.answers, silent.answers = [(503, AWAY)], [None]
    async with Client(Connection((gone, away.url, silent.url))) as client:
        with pytest.raises(Unreachable) as trouble:
            await client.call("GET", "/", seconds=0.1)
    assert str(trouble.value) == (
        f"{gone}: connection refused; {away.url}: The store cannot: read-only; {silent.url}: no answer within 0.1 s"
    )


async def test_a_newcomer_without_a_server_is_told_what_to_start():
    async with Client(Connection((nobody(),))) as client:
        with pytest.raises(Unreachable, match="connection refused; is `dnsd serve` running"):
            await client.call("GET", "/")


async def test_a_name_that_does_not_resolve_is_said():
    async with Client(Connection(("http://nowhere.invalid:1",))) as client:
        with pytest.raises(Unreachable, match=r"nowhere\.invalid:1: \S+"):
            await client.call("GET", "/")


async def test_a_refusal_is_final_and_speaks_by_its_detail(scripted):
    first, second = await scripted(), await scripted()
    first.answers = [(410, PROBLEM, {"Retry-After": "7"})]
    async with Client(Connection((first.url, second.url))) as client:
        with pytest.raises(Refused) as refusal:
            await client.call("GET", "/")
    assert str(refusal.value) == "Deleted: web-1 was deleted on purpose"
    assert (refusal.value.code, refusal.value.slug, refusal.value.retry_after_seconds) == (410, "gone", 7.0)
    assert second.calls == []


async def test_lists_are_fetched_to_their_end(scripted):
    server = await scripted()
    server.answers = [
        (200, {"items": [1, 2], "next": "c1", "revision": 5}),
        (200, {"items": [3], "next": None, "revision": 6}),
    ]
    async with Client(Connection((server.url,))) as client:
        assert await client.items("/v1/services", [("namespace", "shop")]) == {"items": [1, 2, 3], "revision": 6}
    assert [path for _, path, _ in server.calls] == [
        "/v1/services?namespace=shop&limit=1000",
        "/v1/services?namespace=shop&limit=1000&cursor=c1",
    ]


async def test_a_stream_comes_from_the_first_server_that_has_one(scripted):
    away, good = await scripted(), await scripted()
    away.answers, good.answers = [(503, AWAY)], [(200, "data: 1\n\n")]
    position = {"Last-Event-ID": "e-1"}
    async with (
        Client(Connection((nobody(), away.url, good.url))) as client,
        client.stream("/v1/watch", [("service", "web")], position) as chunks,
    ):
        assert b"".join([chunk async for chunk in chunks]) == b"data: 1\n\n"
    assert good.calls == [("GET", "/v1/watch?service=web", None)]
    assert good.headers[0]["Last-Event-ID"] == "e-1"


async def test_a_stream_is_had_from_the_next_when_one_is_silent(scripted, monkeypatch):
    monkeypatch.setattr(module, "CALL_SECONDS", 0.1)
    silent, good = await scripted(), await scripted()
    silent.answers, good.answers = [None], [(200, "data: 1\n\n")]
    async with (
        Client(Connection((silent.url, good.url))) as client,
        client.stream("/v1/watch", [], {}) as chunks,
    ):
        assert b"".join([chunk async for chunk in chunks]) == b"data: 1\n\n"


async def test_a_status_may_be_an_answer_like_any_other(scripted):
    unready, other = await scripted(), await scripted()
    unready.answers = [(503, {"ready": False})]
    async with Client(Connection((unready.url, other.url))) as client:
        reply = await client.call("GET", "/readyz", takes=(503,))
    assert (reply.status, reply.document) == (503, {"ready": False})
    assert other.calls == []


async def test_a_stream_may_be_refused_or_nowhere(scripted):
    server = await scripted()
    server.answers = [(410, PROBLEM)]
    async with Client(Connection((server.url,))) as client:
        with pytest.raises(Refused):
            async with client.stream("/v1/watch", [], {}):
                pass
    async with Client(Connection((nobody(),))) as client:
        with pytest.raises(Unreachable):
            async with client.stream("/v1/watch", [], {}):
                pass


async def test_a_stream_that_breaks_off_is_said(scripted):
    server = await scripted()
    server.answers = [(200, "data: 1", {BREAK: "yes"})]
    async with Client(Connection((server.url,))) as client:
        with pytest.raises(Unreachable, match=f"{server.url}: the connection broke"):
            async with client.stream("/v1/watch", [], {}) as chunks:
                assert [chunk async for chunk in chunks] == [b"data: 1"]


async def test_a_stream_that_falls_silent_is_dead(scripted, monkeypatch):
    monkeypatch.setattr(module, "STREAM_SILENCE_SECONDS", 0.1)
    server = await scripted()
    server.answers = [None]
    async with Client(Connection((server.url,))) as client:
        with pytest.raises(Unreachable):
            async with client.stream("/v1/watch", [], {}):
                pass


def test_a_file_without_certificates_is_refused(tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    with pytest.raises(WrongCall, match=r"--ca-file .*: no certificates can be read"):
        Client(Connection(("https://a",), ca_file=str(file)))
