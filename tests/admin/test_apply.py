"""Manifests as people have them: applied whole, planned in a dry run, refused whole."""

import io
import json
from typing import Any

import pytest

YAML = {"Content-Type": "application/yaml"}
MANIFESTS = b"""
apiVersion: v1
kind: Service
metadata: {name: web-server-service, namespace: default}
spec: {ports: [{name: web-server, port: 80, targetPort: web-server-port}], selector: {app: web-server}}
---
apiVersion: v1
kind: Service
metadata: {name: gin-demo, labels: {app: gin-demo}}
spec: {ports: [{port: 8080, name: http, protocol: TCP, targetPort: 8080}], selector: {app: gin-demo}}
"""
SLICE = b"""
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: gin-demo-1, labels: {kubernetes.io/service-name: gin-demo}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [%b]}]
"""


async def test_applied_twice_changes_nothing(replica: Any) -> None:
    planned = await replica.call("POST", "/v1/apply?dry_run=true", octets=MANIFESTS, headers=YAML)
    assert planned.status == 200
    assert planned.document["dry_run"] is True
    assert [result["outcome"] for result in planned.document["results"]] == ["created", "created"]
    assert replica.mirror.catalog.inventory.holdings == {}

    applied = (await replica.call("POST", "/v1/apply", octets=MANIFESTS, headers=YAML)).document
    assert (applied["dry_run"], applied["durability"], applied["visible"]) == (False, "local", True)
    assert [(result["name"], result["outcome"]) for result in applied["results"]] == [
        ("web-server-service", "created"),
        ("gin-demo", "created"),
    ]
    assert (await replica.call("GET", "/v1/namespaces/default/services/gin-demo")).document["ports"] == [
        {"name": "http", "protocol": "TCP", "port": 8080, "target_port": 8080}
    ]

    again = (await replica.call("POST", "/v1/apply?dry_run=false", octets=MANIFESTS, headers=YAML)).document
    assert again["revision"] == applied["revision"]
    assert {result["outcome"] for result in again["results"]} == {"unchanged"}
    planned = (await replica.call("POST", "/v1/apply?dry_run=true", octets=MANIFESTS, headers=YAML)).document
    assert {result["outcome"] for result in planned["results"]} == {"unchanged"}
    other = MANIFESTS.replace(b"port: 8080,", b"port: 8081,")
    planned = (await replica.call("POST", "/v1/apply?dry_run=true", octets=other, headers=YAML)).document
    assert [result["outcome"] for result in planned["results"]] == ["unchanged", "changed"]
    assert planned["revision"] == replica.mirror.revision == applied["revision"]


async def test_endpoints_of_a_slice_even_while_one_drains(replica: Any) -> None:
    octets = SLICE % b"192.0.2.1"
    applied = (await replica.call("POST", "/v1/apply", octets=octets, headers=YAML)).document
    endpoint = next(result for result in applied["results"] if result["kind"] == "endpoint")
    assert (endpoint["addresses"], endpoint["lease_seconds"]) == (["192.0.2.1"], None)
    path = f"/v1/namespaces/default/services/gin-demo/endpoints/{endpoint['id']}/drain"
    assert (await replica.call("POST", path)).status == 200
    planned = (await replica.call("POST", "/v1/apply?dry_run=true", octets=octets, headers=YAML)).document
    assert {result["outcome"] for result in planned["results"]} == {"unchanged"}
    again = (await replica.call("POST", "/v1/apply", octets=octets, headers=YAML)).document
    assert {result["outcome"] for result in again["results"]} == {"unchanged"}


@pytest.mark.parametrize(
    "content_type", ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "application/json"]
)
async def test_a_list_as_json_by_every_type(replica: Any, content_type: str) -> None:
    item = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    octets = json.dumps({"apiVersion": "v1", "kind": "List", "items": [item]}).encode()
    answer = await replica.call("POST", "/v1/apply", octets=octets, headers={"Content-Type": content_type})
    assert (answer.status, answer.document["results"][0]["name"]) == (200, "web")


async def test_what_is_not_ours_is_noted(replica: Any) -> None:
    octets = b"{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n"
    octets += b"{apiVersion: apps/v1, kind: Deployment, metadata: {name: b}}\n"
    answer = await replica.call("POST", "/v1/apply", octets=octets, headers=YAML)
    assert answer.status == 200
    assert (answer.document["results"], answer.document["durability"]) == ([], None)
    assert any("Deployment" in note for note in answer.document["notes"])


async def test_one_wrong_document_refuses_all(replica: Any) -> None:
    octets = MANIFESTS + b"---\napiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 0}]}\n"
    for query in ("", "?dry_run=true"):
        answer = await replica.call("POST", f"/v1/apply{query}", octets=octets, headers=YAML)
        assert answer.assert_problem(422, "invalid-record")["field"] == "/documents/2/spec/ports/0/port"
    assert replica.mirror.catalog.inventory.holdings == {}


async def test_addresses_that_are_never_registered(replica: Any) -> None:
    answer = await replica.call("POST", "/v1/apply", octets=SLICE % b"169.254.169.254", headers=YAML)
    shown = answer.assert_problem(422, "invalid-record")
    assert shown["field"] == "/documents/0/endpoints/0/addresses/0"
    assert "169.254.169.254 is a link-local address; it may not be registered (EndpointSlice" in shown["detail"]
    octets = MANIFESTS + b"---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: 224.0.0.1}\n"
    answer = await replica.call("POST", "/v1/apply", octets=octets, headers=YAML)
    assert answer.assert_problem(422, "invalid-record")["field"] == "/documents/2/spec/clusterIP"
    octets = b"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: 127.0.0.1, ports: [{port: 80}]}\n"
    assert (await replica.call("POST", "/v1/apply", octets=octets, headers=YAML)).status == 200


async def test_too_many_objects(replica: Any) -> None:
    document = "apiVersion: v1\nkind: Service\nmetadata: {name: s%d}\nspec: {ports: [{port: 80}]}\n---\n"
    octets = "".join(document % number for number in range(1001)).encode()
    (await replica.call("POST", "/v1/apply?dry_run=true", octets=octets, headers=YAML)).assert_problem(413, "too-large")


@pytest.mark.parametrize(
    ("octets", "headers", "status", "slug"),
    [
        (b"{", {"Content-Type": "application/json"}, 400, "not-json"),
        (b"a: [", YAML, 422, "invalid-record"),
        (b"\xff\xff", YAML, 422, "invalid-record"),
        (b"a: 1", {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        (b"#" * (2 * 1024 * 1024 + 1), YAML, 413, "too-large"),
    ],
)
async def test_wrong_bodies(replica: Any, octets: bytes, headers: Any, status: int, slug: str) -> None:
    (await replica.call("POST", "/v1/apply", octets=io.BytesIO(octets), headers=headers)).assert_problem(status, slug)


async def test_wrong_parameters(replica: Any) -> None:
    """Each flag is read before anything is done, also where nothing would ask for it."""
    for query in ("prune=1", "force=yes", "dry_run=true&prune=true&force=1"):
        answered = await replica.call("POST", f"/v1/apply?{query}", octets=services("a"), headers=YAML)
        answered.assert_problem(400, "bad-parameter")
    (await replica.call("POST", "/v1/apply?dry_run=1", octets=b"a", headers=YAML)).assert_problem(400, "bad-parameter")
    (await replica.call("POST", "/v1/apply?dry-run=true", octets=b"a", headers=YAML)).assert_problem(
        400, "bad-parameter"
    )


def services(*names: str) -> bytes:
    document = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: 80}]}\n---\n"
    return "".join(document % name for name in names).encode()


async def test_prune_in_the_same_change_and_never_much_unasked(replica: Any) -> None:
    await replica.call("POST", "/v1/apply", octets=services("a", "b", "c", "d"), headers=YAML)
    await replica.call("PUT", "/v1/namespaces/other/services/else", {})
    path = "/v1/apply?prune=true"
    planned = await replica.call("POST", f"{path}&dry_run=true", octets=services("a", "b", "c", "e"), headers=YAML)
    outcomes = {result["name"]: result["outcome"] for result in planned.document["results"]}
    assert outcomes == {"a": "unchanged", "b": "unchanged", "c": "unchanged", "e": "created", "d": "deleted"}
    assert replica.mirror.catalog.inventory.service(("default", "d")) is not None

    before = replica.mirror.revision
    done = await replica.call("POST", path, octets=services("a", "b", "c", "e"), headers=YAML)
    assert {result["name"]: result["outcome"] for result in done.document["results"]} == outcomes
    assert replica.mirror.revision == before + 1
    assert set(replica.mirror.catalog.inventory.holdings) == {
        *(("default", name) for name in "abce"),
        ("other", "else"),
    }
    refused = await replica.call("POST", path, octets=services("a", "b"), headers=YAML)
    assert "2 of 4 objects (50%)" in refused.assert_problem(409, "conflict")["detail"]
    forced = await replica.call("POST", f"{path}&force=true", octets=services("a", "b"), headers=YAML)
    assert forced.status == 200
    assert len(replica.mirror.catalog.inventory.holdings) == 3
