"""Writes are checked and written down on every way there is into the registry."""

from collections.abc import Callable
from typing import Any

import pytest

from dnsd.registry.quotas import Limits

BODY = {"address": "192.0.2.1", "lease_seconds": None}
WEB = "/v1/namespaces/default/services/web"
MANIFESTS = """\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: one}, spec: {ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: two}, spec: {ports: [{port: 80}]}}
"""


def batch(count: int) -> dict[str, object]:
    key = {"op": "put", "kind": "endpoint", "namespace": "default", "service": "web", "value": BODY}
    return {"operations": [{**key, "id": f"e{number}"} for number in range(count)]}


@pytest.mark.parametrize(
    ("method", "path", "body", "setting"),
    [
        ("POST", "/v1/batch", batch(3), "quota_service_endpoints"),
        ("PUT", f"{WEB}/endpoints", {"endpoints": {"a": BODY, "b": BODY, "c": BODY}}, "quota_service_endpoints"),
        ("POST", "/v1/apply", MANIFESTS, "quota_services"),
        ("POST", "/v1/apply?dry_run=true", MANIFESTS, "quota_services"),
        ("PUT", f"{WEB}/endpoints/a", BODY | {"metadata": {"k": "x" * 1024}}, "quota_metadata_octets"),
        ("PUT", WEB, {"labels": {"k": "x" * 1024}}, "quota_metadata_octets"),
    ],
)
async def test_quotas_hold_on_every_way(
    new_replica: Callable[..., Any], method: str, path: str, body: Any, setting: str
) -> None:
    async with new_replica(limits=Limits(services=1, service_endpoints=2)) as replica:
        if isinstance(body, str):
            answer = await replica.call(method, path, None, {"Content-Type": "application/yaml"}, body.encode())
        else:
            answer = await replica.call(method, path, body)
        assert setting in answer.assert_problem(403, "over-quota")["detail"]
        assert (await replica.call("GET", "/v1/services")).document["items"] == []


async def test_a_patch_does_not_pass_the_quota_of_metadata(replica: Any) -> None:
    await replica.call("PUT", f"{WEB}/endpoints/a", BODY)
    answer = await replica.call("PATCH", f"{WEB}/endpoints/a", {"metadata": {"k": "x" * 1024}})
    answer.assert_problem(403, "over-quota")


async def test_a_backup_does_not_pass_the_quota_of_metadata(replica: Any) -> None:
    item = {"kind": "endpoint", "namespace": "default", "service": "web", "id": "a", "addresses": ["192.0.2.1"]}
    body = {"items": [{**item, "metadata": {"k": "x" * 1024}}]}
    (await replica.call("POST", "/v1/restore", body)).assert_problem(403, "over-quota")


async def test_what_a_quota_let_in_is_renewed_and_replaced(new_replica: Callable[..., Any]) -> None:
    async with new_replica(limits=Limits(services=1, endpoints=2, service_endpoints=2)) as replica:
        assert (await replica.call("POST", "/v1/batch", batch(2))).status == 200
        assert (await replica.call("POST", "/v1/batch", batch(2))).status == 200
        replaced = {"endpoints": {"a": BODY, "b": BODY}}
        assert (await replica.call("PUT", f"{WEB}/endpoints", replaced)).status == 200
        (await replica.call("PUT", f"{WEB}/endpoints/c", BODY)).assert_problem(403, "over-quota")
        assert (await replica.call("DELETE", f"{WEB}/endpoints/a")).status == 200
        assert (await replica.call("PUT", f"{WEB}/endpoints/c", BODY)).status == 201


async def test_every_write_is_written_down_and_nothing_else(replica: Any) -> None:
    a = f"{WEB}/endpoints/a"
    await replica.call("PUT", WEB, {"labels": {"a": "b"}})
    await replica.call("PUT", a, BODY)
    await replica.call("PUT", a, BODY)
    await replica.call("PATCH", a, {"weight": 7})
    await replica.call("POST", f"{a}/drain")
    await replica.call("POST", f"{a}/undrain")
    await replica.call("PATCH", a, {"weight": -1})
    await replica.call("DELETE", a)
    await replica.call("DELETE", a)
    items = (await replica.call("GET", "/v1/audit")).document["items"]
    changed = ["changed endpoint default/web/a"] * 3
    assert [each["what"] for each in reversed(items)] == [
        "created service default/web",
        "created endpoint default/web/a",
        *changed,
        "deleted endpoint default/web/a",
    ]
    assert {(each["who"], each["from"], each["replica"]) for each in items} == {("anybody", "127.0.0.1", "replica-1")}
