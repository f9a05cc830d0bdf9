"""Endpoints are registered, renewed, read, patched, removed and listed; leases show."""

import asyncio
import subprocess
from typing import Any

import pytest

WEB = "/v1/namespaces/default/services/web"
WEB_1 = f"{WEB}/endpoints/web-1"
BODY = {"address": "192.0.2.10", "ports": {"http": 8080}, "lease_seconds": 30}


async def test_the_example_of_the_contract_as_typed(replica: Any) -> None:
    command = r"""
    curl -X PUT http://127.0.0.1:8053/v1/namespaces/default/services/web/endpoints/web-1 \
         -H 'content-type: application/json' \
         -d '{"address":"192.0.2.10","ports":{"http":8080},"lease_seconds":30}'
    """
    command = command.replace("8053", str(replica.port)).replace("curl", "curl -sS --fail")
    curl = await asyncio.create_subprocess_shell(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await curl.communicate()
    assert (curl.returncode, err) == (0, b"")
    assert b'"addresses":["192.0.2.10"]' in out
    endpoint = replica.mirror.catalog.inventory.endpoint(("default", "web", "web-1"))
    assert (endpoint.addresses, endpoint.ports[0].port, endpoint.lease_seconds) == (("192.0.2.10",), 8080, 30)


async def test_an_endpoint_from_birth_to_removal(replica: Any) -> None:
    created = await replica.call("PUT", WEB_1, BODY)
    assert created.status == 201
    revision = created.document["revision"]
    assert created.headers["ETag"] == f'"{revision}"'
    assert created.document == {
        "kind": "endpoint", "namespace": "default", "service": "web", "id": "web-1", "addresses": ["192.0.2.10"],
        "ports": [{"name": "http", "protocol": "TCP", "port": 8080}], "weight": 100, "priority": 0, "hostname": None,
        "ready": True, "draining": False, "failing": None, "metadata": {}, "lease_seconds": 30, "revision": revision,
        "lease": {"seconds": 30, "renew_every_seconds": 10.0, "remaining_seconds": 30},
        "outcome": "created", "durability": "local", "visible": True, "stored": True,
    }  # fmt: skip

    renewed = await replica.call("PUT", WEB_1, BODY)
    assert (renewed.status, renewed.document["outcome"], renewed.document["revision"]) == (200, "renewed", revision)

    changed = await replica.call("PUT", WEB_1, BODY | {"weight": 50})
    assert (changed.status, changed.document["outcome"]) == (200, "changed")
    assert changed.document["revision"] == revision + 1

    shown = await replica.call("GET", WEB_1)
    assert shown.headers["ETag"] == f'"{revision + 1}"'
    assert (shown.document["weight"], shown.document["lease"]["seconds"]) == (50, 30)
    assert (await replica.call("HEAD", WEB_1)).status == 200

    removed = await replica.call("DELETE", WEB_1)
    assert (removed.status, removed.document["outcome"], removed.document["weight"]) == (200, "deleted", 50)
    assert removed.document["revision"] == revision + 1
    (await replica.call("GET", WEB_1)).assert_problem(404, "not-found")
    (await replica.call("DELETE", WEB_1)).assert_problem(410, "gone")
    (await replica.call("DELETE", f"{WEB}/endpoints/never")).assert_problem(404, "not-found")
    (await replica.call("GET", WEB)).assert_problem(404, "not-found")  # it was there for its endpoint alone


async def test_leases_by_default_and_for_good(replica: Any) -> None:
    plain = await replica.call("PUT", WEB_1, {"address": "192.0.2.1"})
    assert plain.document["lease"] == {"seconds": 15, "renew_every_seconds": 5.0, "remaining_seconds": 15}
    permanent = await replica.call("PUT", WEB_1, {"address": "192.0.2.1", "lease_seconds": None})
    assert permanent.document["lease_seconds"] is None
    assert "lease" not in permanent.document


async def test_ids_keep_their_case_and_labels_do_not(replica: Any) -> None:
    path = "/v1/namespaces/DEFAULT/services/Web/endpoints/Web-1:A.b_c"
    created = (await replica.call("PUT", path, BODY | {"hostname": "Web-A"})).document
    assert (created["namespace"], created["service"], created["id"]) == ("default", "web", "Web-1:A.b_c")
    assert created["hostname"] == "web-a"
    (await replica.call("GET", f"{WEB}/endpoints/web-1:a.b_c")).assert_problem(404, "not-found")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("text", [""]),
        ({}, ["/address"]),
        ({"address": "192.0.2.1", "addresses": ["192.0.2.2"]}, ["/address"]),
        ({"address": "192.0.2"}, ["/address"]),
        ({"address": "169.254.169.254"}, ["/address"]),
        ({"address": "fe80::1"}, ["/address"]),
        ({"address": "224.0.0.1"}, ["/address"]),
        ({"address": "0.0.0.0"}, ["/address"]),
        ({"address": "::"}, ["/address"]),
        ({"address": "::ffff:192.0.2.1"}, ["/address"]),
        ({"addresses": ["192.0.2.1", "ff02::1"]}, ["/addresses/1"]),
        (BODY | {"ports": {"http": 0}}, ["/ports/http"]),
        (BODY | {"ports": {"http": 65_536}}, ["/ports/http"]),
        (BODY | {"ports": [{"name": "http", "port": 80, "protocol": "ICMP"}]}, ["/ports/0/protocol"]),
        (BODY | {"weight": True}, ["/weight"]),
        (BODY | {"weight": 1.5}, ["/weight"]),
        (BODY | {"weight": 65_536, "priority": -1}, ["/weight", "/priority"]),
        (BODY | {"hostname": "a.b"}, ["/hostname"]),
        (BODY | {"lease_seconds": 0}, ["/lease_seconds"]),
        (BODY | {"lease_seconds": 86_401}, ["/lease_seconds"]),
        (BODY | {"metadata": {"a": "x" * 16_384}}, ["/metadata"]),
        (BODY | {"colour": "red", "weight": -1, "ready": "yes"}, ["/ready", "/colour", "/weight"]),
    ],
)
async def test_wrong_values_are_422_with_their_places(replica: Any, body: object, fields: list[str]) -> None:
    shown = (await replica.call("PUT", WEB_1, body)).assert_problem(422, "invalid-record")
    assert [fault["pointer"] for fault in shown["errors"]] == fields
    assert shown["field"] == fields[0]
    assert (await replica.call("GET", WEB_1)).status == 404


@pytest.mark.parametrize("method", ["PUT", "GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("identifier", ["a%20b", "x" * 129, "a%2Fb", "%C3%A9", "a%0A"])
async def test_what_is_no_id_is_422(replica: Any, method: str, identifier: str) -> None:
    body = {"PUT": BODY, "PATCH": {}}.get(method)
    shown = (await replica.call(method, f"{WEB}/endpoints/{identifier}", body)).assert_problem(422, "invalid-record")
    assert shown["field"] == "/id"


async def test_loopback_addresses_where_dnsd_is_not_at_home(new_replica: Any) -> None:
    async with new_replica(loopback_allowed=False) as replica:
        shown = (await replica.call("PUT", WEB_1, {"address": "127.0.0.1"})).assert_problem(422, "invalid-record")
        assert shown["field"] == "/address"
    async with new_replica(loopback_allowed=True) as replica:
        assert (await replica.call("PUT", WEB_1, {"address": "127.0.0.1"})).status == 201


async def test_preconditions(replica: Any) -> None:
    shown = (await replica.call("PUT", WEB_1, BODY, {"If-Match": "1"})).assert_problem(412, "precondition-failed")
    assert (shown["field"], shown["errors"]) == (None, [])
    created = await replica.call("PUT", WEB_1, BODY, {"If-None-Match": "*"})
    revision = created.document["revision"]
    (await replica.call("PUT", WEB_1, BODY, {"If-None-Match": "*"})).assert_problem(412, "precondition-failed")
    assert (await replica.call("PUT", WEB_1, BODY, {"If-Match": f'"{revision}"'})).document["outcome"] == "renewed"
    patched = await replica.call("PATCH", WEB_1, {"weight": 1}, {"If-Match": str(revision)})
    assert patched.document["revision"] == revision + 1
    (await replica.call("PATCH", WEB_1, {"weight": 2}, {"If-Match": str(revision)})).assert_problem(
        412, "precondition-failed"
    )
    (await replica.call("DELETE", WEB_1, None, {"If-Match": str(revision)})).assert_problem(412, "precondition-failed")
    assert (await replica.call("DELETE", WEB_1, None, {"If-Match": str(revision + 1)})).status == 200
    (await replica.call("PUT", WEB_1, BODY, {"If-Match": str(revision + 1)})).assert_problem(410, "gone")
    assert (await replica.call("PUT", WEB_1, BODY)).status == 201


@pytest.mark.parametrize("header", ['"1", "2"', 'W/"1"', "*", "one", ""])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_if_matches_are_400(replica: Any, method: str, header: str) -> None:
    body = {"PUT": BODY, "PATCH": {}}.get(method)
    (await replica.call(method, WEB_1, body, {"If-Match": header})).assert_problem(400, "bad-parameter")


async def test_a_patch_changes_what_it_names(replica: Any) -> None:
    await replica.call("PUT", WEB_1, BODY | {"metadata": {"zone": "a"}})
    patched = await replica.call("PATCH", WEB_1, {"ready": False, "weight": 7})
    assert patched.status == 200
    assert patched.document.items() >= {
        "ready": False, "weight": 7, "priority": 0, "metadata": {"zone": "a"}, "outcome": "changed",
        "lease_seconds": 30, "addresses": ["192.0.2.10"],
    }.items()  # fmt: skip
    again = await replica.call("PATCH", WEB_1, {"ready": False, "weight": 7})
    assert (again.document["outcome"], again.document["revision"]) == ("unchanged", patched.document["revision"])
    (await replica.call("PATCH", WEB_1, {"address": "192.0.2.1"})).assert_problem(422, "invalid-record")
    (await replica.call("PATCH", f"{WEB}/endpoints/none", {"weight": 7})).assert_problem(404, "not-found")
    await replica.call("DELETE", WEB_1)
    (await replica.call("PATCH", WEB_1, {"weight": 7})).assert_problem(410, "gone")


async def test_lists(replica: Any) -> None:
    for service, identifier, more in (
        ("web", "b", {"ready": False}),
        ("web", "a", {"metadata": {"zone": "a"}}),
        ("api", "a", {"lease_seconds": None}),
    ):
        path = f"/v1/namespaces/default/services/{service}/endpoints/{identifier}"
        await replica.call("PUT", path, BODY | more)

    async def found(query: str) -> list[tuple[str, str]]:
        items = (await replica.call("GET", f"/v1/endpoints?{query}")).document["items"]
        return [(item["service"], item["id"]) for item in items]

    assert await found("") == [("api", "a"), ("web", "a"), ("web", "b")]
    assert await found("service=web") == [("web", "a"), ("web", "b")]
    assert await found("state=not-ready") == [("web", "b")]
    assert await found("label=zone=a&state=ready") == [("web", "a")]
    assert await found("namespace=other") == []
    page = (await replica.call("GET", "/v1/endpoints?limit=2")).document
    assert [("lease" in item) for item in page["items"]] == [False, True]
    assert await found(f"limit=2&cursor={page['next']}") == [("web", "b")]
    (await replica.call("GET", "/v1/endpoints?cursor=WyJhIiwiYiJd")).assert_problem(400, "bad-parameter")


async def test_while_the_store_is_away(own_server: Any, new_replica_at: Any, wait_until: Any) -> None:
    async with new_replica_at(own_server.url) as replica:
        created = await replica.call("PUT", WEB_1, BODY)
        own_server.kill()
        await wait_until(lambda: not replica.mirror.status().connected, "the store is missed")
        same = await replica.call("PUT", WEB_1, BODY)
        assert same.status == 200
        assert same.document.items() >= {"outcome": "renewed", "stored": False, "durability": None}.items()
        assert same.document["revision"] == created.document["revision"]
        for method, path, body in (
            ("PUT", WEB_1, BODY | {"weight": 1}),
            ("PUT", f"{WEB}/endpoints/new", BODY),
            ("PUT", WEB, {}),
            ("PATCH", WEB_1, {"weight": 1}),
            ("DELETE", WEB_1, None),
            ("DELETE", WEB, None),
            ("POST", f"{WEB_1}/drain", None),
            ("POST", f"{WEB_1}/undrain", None),
            (
                "POST",
                "/v1/batch",
                {"operations": [{"op": "delete", "kind": "service", "namespace": "a", "service": "b"}]},
            ),
        ):
            answer = await replica.call(method, path, body)
            shown = answer.assert_problem(503, "store-unavailable")
            assert shown["reason"]
            assert int(answer.headers["Retry-After"]) >= 1
        shown = await replica.call("GET", WEB_1)
        assert (shown.status, shown.document["lease"]["remaining_seconds"]) == (200, None)
        assert (await replica.call("GET", "/v1/endpoints")).document["items"][0]["id"] == "web-1"
        assert (await replica.call("GET", "/readyz")).status == 200
