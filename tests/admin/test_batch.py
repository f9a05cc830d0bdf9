"""Many writes are one revision, or none at all."""

import asyncio
from typing import Any

WEB = "/v1/namespaces/default/services/web"


def operation(op: str, identifier: str | None = None, value: object = None) -> dict[str, object]:
    document: dict[str, object] = {"op": op, "namespace": "default", "service": "web"}
    document["kind"] = "service" if identifier is None else "endpoint"
    if identifier is not None:
        document["id"] = identifier
    if value is not None:
        document["value"] = value
    return document


async def test_all_operations_are_one_change(replica: Any) -> None:
    for identifier in ("a", "b", "c"):
        await replica.call("PUT", f"{WEB}/endpoints/{identifier}", {"address": "192.0.2.1", "lease_seconds": 30})
    before = replica.mirror.revision
    body = [
        operation("put", None, {"ttl_seconds": 9}),
        operation("put", "d", {"address": "192.0.2.4", "lease_seconds": None}),
        operation("patch", "a", {"weight": 7}),
        operation("drain", "b"),
        operation("delete", "c"),
    ]
    answer = await replica.call("POST", "/v1/batch", {"operations": body})
    assert answer.status == 200
    shown = answer.document
    assert (shown["revision"], shown["durability"], shown["visible"]) == (before + 1, "local", True)
    assert [result["outcome"] for result in shown["results"]] == ["changed", "created", "changed", "changed", "deleted"]
    service, created, patched, drained, deleted = shown["results"]
    assert (service["kind"], service["ttl_seconds"], service["declared"]) == ("service", 9, True)
    assert (created["id"], created["revision"], "lease" in created) == ("d", before + 1, False)
    assert (patched["weight"], patched["lease"]["seconds"]) == (7, 30)
    assert drained["draining"] is True
    assert (deleted["id"], "lease" in deleted) == ("c", False)
    assert replica.mirror.revision == before + 1


async def test_one_that_cannot_be_done_undoes_all(replica: Any) -> None:
    await replica.call("PUT", f"{WEB}/endpoints/a", {"address": "192.0.2.1"})
    before = replica.mirror.revision
    body = [operation("delete", "a"), operation("put", "b", {"address": "192.0.2.2"}), operation("patch", "none", {})]
    shown = (await replica.call("POST", "/v1/batch", {"operations": body})).assert_problem(404, "not-found")
    assert shown["field"] == "/operations/2"
    body = [operation("delete", "a"), operation("put", "b", {"address": "x"})]
    shown = (await replica.call("POST", "/v1/batch", {"operations": body})).assert_problem(422, "invalid-record")
    assert shown["field"] == "/operations/1/value/address"
    body = [operation("delete", "a"), operation("drain", "a")]
    shown = (await replica.call("POST", "/v1/batch", {"operations": body})).assert_problem(422, "invalid-record")
    assert shown["field"] == "/operations/1"
    assert (await replica.call("GET", f"{WEB}/endpoints/a")).status == 200
    assert replica.mirror.revision == before


async def test_a_batch_again_is_no_change(replica: Any) -> None:
    body = {"operations": [operation("put", None, {}), operation("put", "a", {"address": "192.0.2.1"})]}
    first = (await replica.call("POST", "/v1/batch", body)).document
    second = (await replica.call("POST", "/v1/batch", body)).document
    assert second["revision"] == first["revision"]
    assert [result["outcome"] for result in second["results"]] == ["unchanged", "renewed"]


async def test_limits(replica: Any) -> None:
    body = {"operations": [operation("delete")] * 1001}
    (await replica.call("POST", "/v1/batch", body)).assert_problem(413, "too-large")
    (await replica.call("POST", "/v1/batch", [])).assert_problem(422, "invalid-record")
    (await replica.call("POST", "/v1/batch", {"operations": []}, {"If-Match": "1"})).assert_problem(
        400, "bad-parameter"
    )


async def test_a_thousand_at_once_and_the_loop_turns_meanwhile(replica: Any) -> None:
    value = {"address": "192.0.2.1", "ports": {"http": 8080}, "metadata": {"zone": "a" * 1000}}
    body = {"operations": [operation("put", f"e{number}", value) for number in range(1000)]}
    writing = asyncio.ensure_future(replica.call("POST", "/v1/batch", body))
    live = 0
    while not writing.done():
        assert (await replica.call("GET", "/livez")).status == 200
        live += 1
    answer = writing.result()
    assert (answer.status, len(answer.document["results"])) == (200, 1000)
    assert live > 1
    assert len(replica.mirror.catalog.inventory.holdings["default", "web"].endpoints) == 1000
