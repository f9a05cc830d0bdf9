"""The answer to a question, at once and whenever it changes, and only then."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dnsd.admin.changes import ChangeCalls
from dnsd.answer.access import Access
from dnsd.answer.policy import Policy
from dnsd.answer.short import ShortNames
from dnsd.model.names import name_from_text
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


async def test_names_are_read_as_in_dns_for_a_client_at_the_callers_address(new_replica: Callable[..., Any]) -> None:
    short = ShortNames(name_from_text("cluster.local"), [("127.0.0.0/8", "default")])
    async with new_replica(policy=Policy(short_names=short, forwarding=frozenset())) as replica:
        async with watching(replica, "?name=web") as reader:
            assert told(await reader.next())[0] == "NXDOMAIN"
            await replica.call("PUT", f"{WEB}/endpoints/a", {"address": "192.0.2.1"})
            status, data = told(await reader.next())
            assert (status, data[-1]) == ("NOERROR", "192.0.2.1")
        async with watching(replica, "?name=www.example.org") as reader:
            assert told(await reader.next()) == ("FORWARDED", [])


async def test_who_may_call_may_watch_whoever_may_ask_in_dns(new_replica: Callable[..., Any]) -> None:
    refusing = Policy(access=Access(answer_to=["10.0.0.0/8"]))
    async with new_replica(policy=refusing) as replica, watching(replica, f"?name={NAME}") as reader:
        assert told(await reader.next()) == ("NXDOMAIN", [])
        await replica.call("PUT", f"{WEB}/endpoints/a", {"address": "192.0.2.1"})
        assert told(await reader.next()) == ("NOERROR", ["192.0.2.1"])
