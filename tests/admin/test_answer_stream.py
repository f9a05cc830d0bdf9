"""The answer to a question, at once and whenever it changes, and only then."""

import asyncio
from typing import Any

import pytest

from dnsd.admin.changes import ChangeCalls
from tests.admin.test_changes import Reader, watching

WEB = "/v1/namespaces/default/services/web"
NAME = "web.default.svc.cluster.local"


def told(event: tuple[str, Any]) -> tuple[str, list[str]]:
    assert event[0] == event[1]["kind"] == "answer"
    return event[1]["status"], [record["data"] for record in event[1]["answer"]]


async def test_events_when_the_answer_changes(replica: Any) -> None:
    async with watching(replica, f"?name={NAME}&type=A") as reader:
        assert told(await reader.next()) == ("NXDOMAIN", [])
        await replica.call("PUT", "/v1/namespaces/default/services/other", {})
        await replica.call("PUT", f"{WEB}/endpoints/a", {"address": "192.0.2.1"})
        assert told(await reader.next()) == ("NOERROR", ["192.0.2.1"])
        await replica.call("PATCH", f"{WEB}/endpoints/a", {"metadata": {"a": "b"}})
        await replica.call("PUT", f"{WEB}/endpoints/b", {"address": "192.0.2.2", "ready": False})
        await replica.call("PUT", f"{WEB}/endpoints/c", {"address": "192.0.2.3"})
        assert told(await reader.next()) == ("NOERROR", ["192.0.2.1", "192.0.2.3"])
        assert reader.last_id == f"{replica.mirror.epoch}-{replica.mirror.revision}"
        await replica.call("DELETE", WEB)
        assert told(await reader.next()) == ("NXDOMAIN", [])


async def test_ports_are_part_of_an_srv_answer(replica: Any) -> None:
    await replica.call("PUT", f"{WEB}/endpoints/a", {"address": "192.0.2.1", "ports": {"http": 80}})
    async with watching(replica, f"?name=_http._tcp.{NAME}&type=SRV") as reader:
        assert told(await reader.next()) == ("NOERROR", [f"0 100 80 a.{NAME}."])
        await replica.call("PATCH", f"{WEB}/endpoints/a", {"weight": 1})
        assert told(await reader.next()) == ("NOERROR", [f"0 1 80 a.{NAME}."])


async def test_it_goes_on_after_a_lost_past(replica: Any) -> None:
    async with watching(replica, f"?name={NAME}") as reader:
        await reader.next()
        for watch in list(replica.mirror._past._watching):  # the departures' too
            watch.lose("another history")
        await asyncio.sleep(0)
        await replica.call("PUT", f"{WEB}/endpoints/a", {"address": "192.0.2.1"})
        assert told(await reader.next()) == ("NOERROR", ["192.0.2.1"])


async def test_heartbeats(replica: Any) -> None:
    replica.admin._changes._heartbeat_seconds = 0.05
    async with watching(replica, f"?name={NAME}") as reader:
        await reader.next()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await reader.next()
        assert reader.comments > 2
    assert isinstance(reader, Reader)
    assert isinstance(replica.admin._changes, ChangeCalls)


@pytest.mark.parametrize("query", ["?name=", "?name=a&type=X", "?type=A", "?name=a&service=b", "?name=a&type=AXFR"])
async def test_wrong_parameters(replica: Any, query: str) -> None:
    (await replica.call("GET", f"/v1/watch{query}")).assert_problem(400, "bad-parameter")
