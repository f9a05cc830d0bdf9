"""Heartbeats: one and many, of what is known, unknown and deleted, with the store and without it."""

from typing import Any

import pytest

WEB = "/v1/namespaces/default/services/web/endpoints"
BODY = {"address": "192.0.2.10", "lease_seconds": 30}


def key(identifier: str) -> dict[str, str]:
    return {"namespace": "default", "service": "web", "id": identifier}


async def test_one_heartbeat(replica: Any) -> None:
    created = await replica.call("PUT", f"{WEB}/a", BODY)
    revision = created.document["revision"]
    renewed = await replica.call("POST", f"{WEB}/a/renew")
    assert renewed.status == 200
    assert renewed.document == key("a") | {
        "stored": True,
        "revision": revision,
        "lease": {"seconds": 30, "renew_every_seconds": 10.0, "remaining_seconds": 30},
    }
    assert replica.mirror.revision == revision


async def test_a_heartbeat_of_what_is_permanent(replica: Any) -> None:
    await replica.call("PUT", f"{WEB}/a", BODY | {"lease_seconds": None})
    assert (await replica.call("POST", f"{WEB}/a/renew")).document["lease"] is None


async def test_a_heartbeat_of_the_unknown_and_of_the_deleted(replica: Any) -> None:
    (await replica.call("POST", f"{WEB}/a/renew")).assert_problem(404, "register-again")
    await replica.call("PUT", f"{WEB}/a", BODY)
    await replica.call("DELETE", f"{WEB}/a")
    (await replica.call("POST", f"{WEB}/a/renew")).assert_problem(410, "gone")
    (await replica.call("POST", f"{WEB}/a%20b/renew")).assert_problem(422, "invalid-record")


async def test_many_heartbeats(replica: Any) -> None:
    for identifier, lease in (("a", 30), ("b", None), ("c", 5)):
        await replica.call("PUT", f"{WEB}/{identifier}", BODY | {"lease_seconds": lease})
    await replica.call("DELETE", f"{WEB}/c")
    body = {"endpoints": [key("a"), key("b"), key("c"), key("d"), key("a") | {"namespace": "DEFAULT"}]}
    answer = await replica.call("POST", "/v1/renew", body)
    assert answer.status == 200
    assert answer.document == {
        "renewed": [key("a") | {"remaining_seconds": 30}, key("b") | {"remaining_seconds": None}],
        "unknown": [key("d")],
        "deleted": [key("c")],
        "stored": True,
        "revision": replica.mirror.revision,
    }


async def test_no_heartbeat_at_all(replica: Any) -> None:
    answer = await replica.call("POST", "/v1/renew", {"endpoints": []})
    assert (answer.status, answer.document["renewed"]) == (200, [])


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ([], [""]),
        ({}, ["/endpoints"]),
        ({"endpoints": {}}, ["/endpoints"]),
        ({"endpoints": [{}]}, ["/endpoints/0/namespace", "/endpoints/0/service", "/endpoints/0/id"]),
        (
            {"endpoints": [key("a"), key("a b"), key("b") | {"service": "a.b"}]},
            ["/endpoints/1/id", "/endpoints/2/service"],
        ),
        ({"endpoints": [key("a") | {"lease": 5}]}, ["/endpoints/0/lease"]),
        ({"endpoints": [key("a") | {"id": 5}]}, ["/endpoints/0/id"]),
        ({"endpoints": [], "more": 1}, ["/more"]),
    ],
)
async def test_wrong_bodies_are_422_with_their_places(replica: Any, body: object, fields: list[str]) -> None:
    shown = (await replica.call("POST", "/v1/renew", body)).assert_problem(422, "invalid-record")
    assert [fault["pointer"] for fault in shown["errors"]] == fields


async def test_too_many_at_once(replica: Any) -> None:
    body = {"endpoints": [{"namespace": "a", "service": "b", "id": "c"}] * 1001}
    (await replica.call("POST", "/v1/renew", body)).assert_problem(413, "too-large")


async def test_heartbeats_take_no_preconditions(replica: Any) -> None:
    for path in (f"{WEB}/a/renew", "/v1/renew"):
        (await replica.call("POST", path, {}, {"If-Match": "1"})).assert_problem(400, "bad-parameter")


async def test_while_the_store_is_away(own_server: Any, new_replica_at: Any, wait_until: Any) -> None:
    async with new_replica_at(own_server.url) as replica:
        await replica.call("PUT", f"{WEB}/a", BODY)
        own_server.kill()
        await wait_until(lambda: not replica.mirror.status().connected, "the store is missed")
        one = await replica.call("POST", f"{WEB}/a/renew")
        assert (one.status, one.document["stored"]) == (200, False)
        many = await replica.call("POST", "/v1/renew", {"endpoints": [key("a")]})
        assert (many.status, many.document["stored"], len(many.document["renewed"])) == (200, False, 1)
