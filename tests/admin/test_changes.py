"""A watcher is told of every change once it is there, resumes where it stopped, and is told when it cannot."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dnsd.admin.changes import ChangeCalls

WEB = "/v1/namespaces/default/services/web"
BODY = {"address": "192.0.2.1"}


class Reader:
    """A reader of Server-Sent Events as the standard has it: comments dropped, the last id kept."""

    def __init__(self, response: Any) -> None:
        self._content = response.content
        self.last_id = ""
        self.comments = 0

    async def next(self) -> tuple[str, Any]:
        """The next event, with its data."""
        name, data = "message", ""
        async with asyncio.timeout(5):
            while line := (await self._content.readline()).decode():
                field, _, value = line.rstrip("\n").partition(": ")
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data += value
                elif field == "":
                    self.comments += line != "\n"
                    if line == "\n" and data:
                        return name, json.loads(data)
        raise EOFError


@asynccontextmanager
async def watching(replica: Any, query: str = "", after: str | None = None) -> AsyncIterator[Reader]:
    headers = {} if after is None else {"Last-Event-ID": after}
    async with replica.session.get(f"/v1/watch{query}", headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        yield Reader(response)


async def test_changes_as_they_come(replica: Any) -> None:
    async with watching(replica) as reader:
        created = (await replica.call("PUT", f"{WEB}/endpoints/a", BODY)).document
        events = [await reader.next(), await reader.next()]
        by_kind = {data["kind"]: (name, data) for name, data in events}
        assert {name for name, _ in events} == {"put"}
        assert by_kind["endpoint"][1].items() <= created.items()
        assert by_kind["service"][1]["declared"] is False
        assert reader.last_id == f"{replica.mirror.epoch}-{created['revision']}"

        await replica.call("PATCH", f"{WEB}/endpoints/a", {"weight": 7})
        name, data = await reader.next()
        assert (name, data["weight"], data["revision"]) == ("put", 7, created["revision"] + 1)

        await replica.call("DELETE", f"{WEB}/endpoints/a")
        removed = sorted([await reader.next(), await reader.next()], key=lambda event: event[1]["kind"])
        revision = created["revision"] + 2
        told = {"namespace": "default", "cause": "deleted", "revision": revision}
        assert removed == [
            ("delete", {"kind": "endpoint", "service": "web", "id": "a"} | told),
            ("delete", {"kind": "service", "name": "web"} | told),
        ]


async def test_a_heartbeat_of_an_endpoint_is_no_change(replica: Any) -> None:
    await replica.call("PUT", f"{WEB}/endpoints/a", BODY)
    async with watching(replica) as reader:
        await replica.call("PUT", f"{WEB}/endpoints/a", BODY)
        await replica.call("POST", f"{WEB}/endpoints/a/renew")
        await replica.call("PUT", f"{WEB}/endpoints/b", BODY)
        assert (await reader.next())[1]["id"] == "b"


async def test_a_watcher_goes_on_where_it_stopped(replica: Any) -> None:
    await replica.call("PUT", f"{WEB}/endpoints/a", BODY)
    async with watching(replica) as reader:
        await replica.call("PUT", f"{WEB}/endpoints/b", BODY)
        await reader.next()
    for identifier in ("c", "d"):
        await replica.call("PUT", f"{WEB}/endpoints/{identifier}", BODY)
    async with watching(replica, after=reader.last_id) as resumed:
        assert [(await resumed.next())[1]["id"] for _ in range(2)] == ["c", "d"]
    assert resumed.last_id == f"{replica.mirror.epoch}-{replica.mirror.revision}"


async def test_who_was_cut_off_within_a_change_gets_all_of_it_again(replica: Any) -> None:
    body = [
        {"op": "put", "kind": "endpoint", "namespace": "default", "service": "web", "id": name, "value": BODY}
        for name in "abc"
    ]
    async with watching(replica) as reader:
        await replica.call("PUT", WEB, {})
        await reader.next()
        await replica.call("POST", "/v1/batch", {"operations": body})
        first = await reader.next()
    async with watching(replica, after=reader.last_id) as resumed:
        again = [await resumed.next() for _ in range(3)]
        assert again[0] == first
        assert sorted(data["id"] for _, data in again) == ["a", "b", "c"]


async def test_filters(replica: Any) -> None:
    async with (
        watching(replica, "?namespace=other") as other,
        watching(replica, "?namespace=DEFAULT&service=Api") as api,
    ):
        for path in (f"{WEB}/endpoints/a", "/v1/namespaces/default/services/api", "/v1/namespaces/other/services/web"):
            await replica.call("PUT", path, {} if "endpoints" not in path else BODY)
        assert (await other.next())[1]["namespace"] == "other"
        assert (await api.next())[1]["name"] == "api"


@pytest.mark.parametrize("epoch", ["another", ""])
async def test_another_epoch_is_410(replica: Any, epoch: str) -> None:
    if epoch:
        headers = {"Last-Event-ID": f"{epoch}-{replica.mirror.revision}"}
        (await replica.call("GET", "/v1/watch", headers=headers)).assert_problem(410, "gone")
    else:
        headers = {"Last-Event-ID": "-1"}
        (await replica.call("GET", "/v1/watch", headers=headers)).assert_problem(400, "bad-parameter")


async def test_a_past_that_is_no_longer_kept_is_410(replica: Any) -> None:
    epoch = replica.mirror.epoch
    replica.mirror._past._floor = 10_000
    (await replica.call("GET", "/v1/watch", headers={"Last-Event-ID": f"{epoch}-9999"})).assert_problem(410, "gone")


@pytest.mark.parametrize(
    "text", ["x", "epoch-", "epoch-x", "epoch--", "12", "epoch-1.0", "epoch-\u0661", "e-" + "9" * 19]
)
async def test_what_is_no_event_id_is_400(replica: Any, text: str) -> None:
    answer = await replica.call("GET", "/v1/watch", headers={"Last-Event-ID": text})
    answer.assert_problem(400, "bad-parameter")


async def test_wrong_parameters_are_400(replica: Any) -> None:
    (await replica.call("GET", "/v1/watch?colour=red")).assert_problem(400, "bad-parameter")
    assert (await replica.call("HEAD", "/v1/watch")).status == 405


async def test_who_lost_changes_is_told_and_goes_on_from_now(replica: Any) -> None:
    async with watching(replica) as reader:
        await replica.call("PUT", WEB, {})
        await reader.next()
        for watch in list(replica.mirror._past._watching):
            watch.lose("too slow")
        name, data = await reader.next()
        assert (name, data["kind"], data["detail"]) == ("reset", "reset", "too slow")
        await replica.call("PUT", WEB, {"ttl_seconds": 9})
        name, data = await reader.next()
        assert (name, data["ttl_seconds"]) == ("put", 9)


async def test_heartbeats_and_the_position_of_who_sees_nothing(replica: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (calls,) = (column for column in replica.admin._columns if isinstance(column, ChangeCalls))
    monkeypatch.setattr(calls, "_heartbeat_seconds", 0.02)
    async with watching(replica, "?namespace=other") as reader:
        for number in range(5):
            await replica.call("PUT", WEB, {"ttl_seconds": number})
        expected = f"{replica.mirror.epoch}-{replica.mirror.revision}"

        async def read_until_there() -> None:
            while reader.last_id != expected:
                line = (await reader._content.readline()).decode()
                reader.comments += line.startswith(": heartbeat")
                reader.last_id = line.removeprefix("id: ").rstrip() if line.startswith("id: ") else reader.last_id

        await asyncio.wait_for(read_until_there(), 5)
        assert reader.comments >= 1


async def test_a_crowd_of_watchers(replica: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnsd.admin.changes.WATCHERS_MOST", 1)
    async with watching(replica):
        answer = await replica.call("GET", "/v1/watch")
        answer.assert_problem(429, "crowded")
        assert answer.headers["Retry-After"]


async def test_a_watcher_that_left_is_forgotten(replica: Any, monkeypatch: pytest.MonkeyPatch, wait_until: Any) -> None:
    (calls,) = (column for column in replica.admin._columns if isinstance(column, ChangeCalls))
    monkeypatch.setattr(calls, "_heartbeat_seconds", 0.01)
    async with watching(replica):
        assert calls.watchers == 1
    await wait_until(lambda: calls.watchers == 0, "the watcher is forgotten")
    assert len(replica.mirror._past._watching) == 1  # the departures' own


async def test_streams_end_with_the_server(new_replica: Any) -> None:
    async with new_replica() as replica, watching(replica) as one, watching(replica) as two:
        async with asyncio.timeout(2):
            await replica.admin.stop()
        for reader in (one, two):
            with pytest.raises(EOFError):
                await reader.next()


async def test_a_reader_that_does_not_read_is_left(
    replica: Any, monkeypatch: pytest.MonkeyPatch, wait_until: Any
) -> None:
    async def stuck(*_: object) -> None:
        await asyncio.Event().wait()

    (calls,) = (column for column in replica.admin._columns if isinstance(column, ChangeCalls))
    monkeypatch.setattr("dnsd.admin.changes.WRITE_SECONDS_MOST", 0.02)
    monkeypatch.setattr("aiohttp.web.StreamResponse.write", stuck)
    await replica.raw(b"GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await wait_until(lambda: calls.watchers == 0, "the watcher is forgotten")
    assert len(replica.mirror._past._watching) == 1  # the departures' own


async def test_a_selection_is_watched(replica: Any) -> None:
    async with watching(replica, "?label=tier in (front,edge)") as reader:
        await replica.call("PUT", f"{WEB}/endpoints/a", BODY | {"metadata": {"tier": "front"}})
        events = [await reader.next(), await reader.next()]
        assert {(name, data["kind"], data.get("cause")) for name, data in events} == {
            ("delete", "service", "unselected"),
            ("put", "endpoint", None),
        }
        await replica.call("PATCH", f"{WEB}/endpoints/a", {"metadata": {"tier": "back"}})
        name, data = await reader.next()
        assert (name, data["id"], data["cause"]) == ("delete", "a", "unselected")
    answer = await replica.call("GET", "/v1/watch?label=a b")
    assert "no label selector" in answer.assert_problem(400, "bad-parameter")["detail"]
