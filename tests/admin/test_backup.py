"""The calls behind backup and restore; what they do together is shown in tests/cli."""

import asyncio
from typing import Any

import pytest

PATH = "/v1/namespaces/default/services/web/endpoints"


async def test_a_backup_is_one_revision_and_comes_back(replica: Any) -> None:
    await replica.call("PUT", f"{PATH}/a", {"address": "192.0.2.1", "lease_seconds": None})
    answer = await replica.call("GET", "/v1/backup")
    assert answer.status == 200
    assert len(answer.octets.splitlines()) == 3


async def test_bodies_that_are_refused(replica: Any) -> None:
    assert (await replica.call("POST", "/v1/restore", {"items": 3})).status == 422
    assert (await replica.call("POST", "/v1/restore", {"items": [{"kind": "?"}]})).status == 422
    item = {"kind": "endpoint", "namespace": "default", "service": "web", "id": "a", "addresses": ["169.254.169.254"]}
    answer = await replica.call("POST", "/v1/restore", {"items": [item]})
    assert answer.assert_problem(422, "invalid-record")["field"] == "/items/0/addresses/0"
    item = {"kind": "service", "namespace": "default", "name": "web", "cluster_ips": ["192.0.2.1", "169.254.169.254"]}
    answer = await replica.call("POST", "/v1/restore", {"items": [item]})
    assert answer.assert_problem(422, "invalid-record")["field"] == "/items/0/cluster_ips/1"
    item = {"kind": "service", "namespace": "default", "name": "web", "labels": {"a": "\ud800"}}
    answer = await replica.call("POST", "/v1/restore", {"items": [item]})
    assert answer.assert_problem(422, "invalid-record")["field"] == "/items/0/labels/a"
    assert (await replica.call("POST", "/v1/restore", {"items": [{}] * 1001})).status == 413


async def test_each_faulty_field_of_an_item_is_named(replica: Any) -> None:
    key = {"kind": "endpoint", "namespace": "default", "service": "web", "id": "a"}
    faulty = {
        "/items/0/weight": {**key, "addresses": ["192.0.2.1"], "weight": "5", "written_by": "a newer dnsd"},
        "/items/1/ports/0/port": {**key, "addresses": ["192.0.2.1"], "ports": [{"name": "http"}]},
        "/items/2/addresses": key,
        "/items/3/labels/a": {"kind": "service", "namespace": "default", "name": "web", "labels": {"a": 1}},
    }
    answer = await replica.call("POST", "/v1/restore", {"items": list(faulty.values())})
    problem = answer.assert_problem(422, "invalid-record")
    assert [fault["pointer"] for fault in problem["errors"]] == list(faulty)


@pytest.mark.parametrize("path", ["/v1/backup", "/v1/zones/cluster.local/file"])
async def test_a_reader_who_leaves_is_no_accident(
    replica: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    monkeypatch.setattr("dnsd.admin.backup._LINES_AT_ONCE", 1)
    monkeypatch.setattr("dnsd.admin.zones.LINES_A_CHUNK", 1)
    endpoints = {f"web-{number}": {"address": "192.0.2.1", "lease_seconds": None} for number in range(500)}
    assert (await replica.call("PUT", PATH, {"endpoints": endpoints})).status == 200
    await replica.leave(path)

    async def status() -> str:
        lines = (await replica.call("GET", "/metrics")).octets.decode().splitlines()
        return "".join(line for line in lines if line.startswith("dnsd_admin_requests_total") and path[:9] in line)

    seen = ""
    async with asyncio.timeout(20):
        while not seen:
            seen = await status()
    assert 'status="200"' in seen
    assert not caplog.records
