"""Namespaces that would catch names of others: at the apex never, like a top-level domain by setting."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from dnsd.admin.reserved import APEX, is_top_level
from dnsd.registry.services import Put

BODY = {"address": "192.0.2.1", "lease_seconds": None}


def path(namespace: str) -> str:
    return f"/v1/namespaces/{namespace}/services/example/endpoints/e"


@pytest.mark.parametrize("label", ["com", "net", "shop", "prod", "dev", "zw", "xn--p1ai", "local", "test", "onion"])
def test_top_level(label: str) -> None:
    assert is_top_level(label)


@pytest.mark.parametrize("label", ["default", "kube-system", "production", "x1", "a-b", "team-a", ""])
def test_not_top_level(label: str) -> None:
    assert not is_top_level(label)


@pytest.mark.parametrize("namespace", sorted(APEX))
async def test_what_stands_at_the_apex_is_no_namespace(replica: Any, namespace: str) -> None:
    told = (await replica.call("PUT", path(namespace), BODY)).assert_problem(422, "invalid-record")
    assert told["field"] == "/namespace"


@pytest.mark.parametrize("namespace", ["_tcp", "_http", "a_b"])
async def test_underscores_are_no_labels(replica: Any, namespace: str) -> None:
    (await replica.call("PUT", path(namespace), BODY)).assert_problem(422, "invalid-record")


async def test_a_top_level_domain_is_warned_about_once(replica: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for service in ("a", "b"):
        place = f"/v1/namespaces/com/services/{service}/endpoints/e"
        assert (await replica.call("PUT", place, BODY)).status == 201
    assert caplog.text.count("named like a top-level domain") == 1


async def test_a_top_level_domain_is_refused_when_strict(
    new_replica: Callable[..., Any], make_endpoint: Any, wait_until: Any
) -> None:
    async with new_replica(strict_namespaces=True) as replica:
        told = (await replica.call("PUT", path("com"), BODY)).assert_problem(422, "invalid-record")
        assert "strict_namespaces" in told["detail"]
        operations = [
            {"op": "put", "kind": "endpoint", "namespace": each, "service": "web", "id": "a", "value": BODY}
            for each in ("fine", "com")
        ]
        told = (await replica.call("POST", "/v1/batch", {"operations": operations})).assert_problem(
            422, "invalid-record"
        )
        assert told["field"] == "/operations/1/namespace"
        # What somebody registered before the setting goes on.
        await replica.services.write(Put(make_endpoint("com")))
        await wait_until(lambda: "com" in replica.mirror.catalog.inventory.counts, "it stands")
        assert (await replica.call("PUT", path("com"), BODY)).status in (200, 201)


@pytest.fixture
def make_endpoint() -> Callable[[str], Any]:
    from dnsd.model.service import Endpoint

    return lambda namespace: Endpoint(namespace, "example", "old", ("192.0.2.1",), lease_seconds=None)
