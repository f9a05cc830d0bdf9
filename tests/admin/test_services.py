"""Services are declared, read with their endpoints, removed and listed."""

from typing import Any

import pytest

SERVICES = "/v1/namespaces/default/services"
WEB = f"{SERVICES}/web"
PLAIN = {"address": "192.0.2.10", "ports": {"http": 8080}, "lease_seconds": 30}
BODY = {"ports": [{"name": "http", "port": 80, "target_port": "web"}], "labels": {"app": "web"}, "ttl_seconds": 7}


async def test_a_service_from_birth_to_removal(replica: Any) -> None:
    created = await replica.call("PUT", WEB, BODY)
    assert created.status == 201
    assert created.document.items() >= {
        "kind": "service", "namespace": "default", "name": "web", "ttl_seconds": 7, "declared": True,
        "labels": {"app": "web"}, "outcome": "created", "durability": "local", "visible": True, "stored": True,
        "ports": [{"name": "http", "protocol": "TCP", "port": 80, "target_port": "web"}],
    }.items()  # fmt: skip
    revision = created.document["revision"]
    assert created.headers["ETag"] == f'"{revision}"'

    repeated = await replica.call("PUT", WEB, BODY)
    assert (repeated.status, repeated.document["outcome"], repeated.document["revision"]) == (
        200,
        "unchanged",
        revision,
    )

    changed = await replica.call("PUT", WEB, BODY | {"ttl_seconds": 8})
    assert (changed.status, changed.document["outcome"], changed.document["revision"]) == (200, "changed", revision + 1)

    shown = await replica.call("GET", WEB)
    assert (shown.status, shown.headers["ETag"]) == (200, f'"{revision + 1}"')
    assert shown.document["ttl_seconds"] == 8
    assert shown.document["endpoints"] == []

    removed = await replica.call("DELETE", WEB)
    assert (removed.status, removed.document["outcome"], removed.document["ttl_seconds"]) == (200, "deleted", 8)
    (await replica.call("GET", WEB)).assert_problem(404, "not-found")
    (await replica.call("DELETE", WEB)).assert_problem(410, "gone")


async def test_a_service_is_shown_with_its_endpoints_and_their_leases(replica: Any) -> None:
    await replica.call("PUT", f"{WEB}/endpoints/b", {"address": "192.0.2.2", "lease_seconds": None})
    await replica.call("PUT", f"{WEB}/endpoints/a", {"address": "192.0.2.1", "lease_seconds": 30})
    shown = (await replica.call("GET", WEB)).document
    assert shown["declared"] is False
    first, second = shown["endpoints"]
    assert (first["id"], second["id"]) == ("a", "b")
    assert first["lease"]["seconds"] == 30
    assert first["lease"]["renew_every_seconds"] == 10
    assert 28 <= first["lease"]["remaining_seconds"] <= 31
    assert "lease" not in second


async def test_labels_of_the_path_fold(replica: Any) -> None:
    assert (await replica.call("PUT", "/v1/namespaces/Default/services/WEB", {})).status == 201
    assert (await replica.call("GET", WEB)).document["name"] == "web"


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
@pytest.mark.parametrize(
    ("namespace", "name"), [("a_b", "web"), ("default", "x" * 64), ("default", "a%0A"), ("%C3%A9", "b")]
)
async def test_what_is_no_label_is_422(replica: Any, method: str, namespace: str, name: str) -> None:
    path = f"/v1/namespaces/{namespace}/services/{name}"
    shown = (await replica.call(method, path, {} if method == "PUT" else None)).assert_problem(422, "invalid-record")
    assert shown["field"] in ("/namespace", "/service", "/name")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], ""),
        ({"ports": [{"port": 0}]}, "/ports/0/port"),
        ({"ports": [{"name": "a" * 63, "port": 1}]}, "/ports/0/name"),
        ({"cluster_ips": ["169.254.169.254"]}, "/cluster_ips/0"),
        ({"cluster_ips": ["::ffff:10.0.0.1"]}, "/cluster_ips/0"),
        ({"ttl_seconds": 3601}, "/ttl_seconds"),
        ({"ttl_seconds": True}, "/ttl_seconds"),
        ({"when_empty": "never"}, "/when_empty"),
        ({"external_name": "a..b"}, "/external_name"),
        ({"selector": {}}, "/selector"),
    ],
)
async def test_wrong_values_are_422_with_their_place(replica: Any, body: object, field: str) -> None:
    assert (await replica.call("PUT", WEB, body)).assert_problem(422, "invalid-record")["field"] == field


async def test_preconditions(replica: Any) -> None:
    created = await replica.call("PUT", WEB, {}, {"If-None-Match": "*"})
    assert created.status == 201
    (await replica.call("PUT", WEB, {}, {"If-None-Match": "*"})).assert_problem(412, "precondition-failed")
    (await replica.call("PUT", WEB, {"ttl_seconds": 1}, {"If-Match": "999"})).assert_problem(412, "precondition-failed")
    (await replica.call("PUT", WEB, {}, {"If-Match": "*"})).assert_problem(400, "bad-parameter")
    (await replica.call("DELETE", WEB, None, {"If-Match": 'W/"1"'})).assert_problem(400, "bad-parameter")
    (await replica.call("DELETE", WEB, None, {"If-Match": "999"})).assert_problem(412, "precondition-failed")
    tag = created.headers["ETag"]
    assert (await replica.call("PUT", WEB, {"ttl_seconds": 1}, {"If-Match": tag})).status == 200
    (await replica.call("DELETE", WEB, None, {"If-Match": tag})).assert_problem(412, "precondition-failed")


async def test_lists(replica: Any) -> None:
    for namespace, name, app in (("default", "b", "x"), ("default", "a", "y"), ("other", "c", "x")):
        await replica.call("PUT", f"/v1/namespaces/{namespace}/services/{name}", {"labels": {"app": app}})

    async def names(path: str) -> list[str]:
        return [item["name"] for item in (await replica.call("GET", path)).document["items"]]

    assert await names("/v1/services") == ["a", "b", "c"]
    assert await names(SERVICES) == ["a", "b"]
    assert await names("/v1/services?namespace=OTHER") == ["c"]
    assert await names("/v1/services?label=app=x") == ["b", "c"]
    assert await names(f"{SERVICES}?label=app=x&label=none=1") == []
    assert await names("/v1/services?state=not-ready") == ["a", "b", "c"]
    first = (await replica.call("GET", "/v1/services?limit=2")).document
    assert first["revision"] == replica.mirror.revision
    assert await names(f"/v1/services?limit=2&cursor={first['next']}") == ["c"]
    assert (await replica.call("GET", "/v1/services?limit=3")).document["next"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "cursor=x", "state=x", "label=%3Dx", "colour=red", "service=a", "limit=1&limit=2"]
)
async def test_wrong_parameters_are_400(replica: Any, query: str) -> None:
    (await replica.call("GET", f"/v1/services?{query}")).assert_problem(400, "bad-parameter")
    (await replica.call("PUT", f"{WEB}?{query}", {})).assert_problem(400, "bad-parameter")


async def test_before_the_registry_was_read_nothing_is_said_about_it(new_replica: Any) -> None:
    async with new_replica(loaded=False) as replica:
        for path in (WEB, SERVICES, "/v1/services"):
            shown = (await replica.call("GET", path)).assert_problem(503, "store-unavailable")
            assert shown["reason"] == "not-loaded"


async def test_all_endpoints_replaced_in_one_change(replica: Any) -> None:
    path = f"{WEB}/endpoints"
    first = {"one": PLAIN, "two": PLAIN | {"address": "192.0.2.2"}}
    created = await replica.call("PUT", path, {"endpoints": first})
    assert [each["outcome"] for each in created.document["results"]] == ["created", "created"]
    watch = replica.mirror.watch(None)
    second = {"two": first["two"], "three": PLAIN | {"address": "192.0.2.3"}}
    answer = await replica.call("PUT", path, {"endpoints": second})
    outcomes = {each["id"]: each["outcome"] for each in answer.document["results"]}
    assert outcomes == {"two": "renewed", "three": "created", "one": "deleted"}
    _, change = await anext(watch)
    watch.close()
    assert ([each.id for each in change.puts], [each.key[2] for each in change.removals]) == (["three"], ["one"])
    assert set(replica.mirror.catalog.inventory.holdings["default", "web"].endpoints) == {"two", "three"}

    wrong = {"endpoints": {"a/b": PLAIN, "c": {"address": "x"}, "d": PLAIN | {"address": "224.0.0.1"}}}
    refused = (await replica.call("PUT", path, wrong)).assert_problem(422, "invalid-record")
    assert [each["pointer"] for each in refused["errors"]] == [
        "/endpoints/a~1b/id",
        "/endpoints/c/address",
        "/endpoints/d/address",
    ]
    assert set(replica.mirror.catalog.inventory.holdings["default", "web"].endpoints) == {"two", "three"}
    assert (await replica.call("PUT", path, {"endpoints": {}})).status == 200
    (await replica.call("PUT", path, {"endpoints": {}})).assert_problem(404, "not-found")
    many = {f"n{number}": PLAIN for number in range(1001)}
    (await replica.call("PUT", path, {"endpoints": many})).assert_problem(413, "too-large")
