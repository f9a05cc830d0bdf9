"""Bodies become values, folded and checked, with every fault and its pointer; values become the objects shown."""

import json

import pytest

from dnsd.codec.document import (
    document_of,
    endpoint_from_document,
    folded,
    patched_endpoint,
    service_from_document,
)
from dnsd.model.errors import InvalidRecord
from dnsd.model.health import HealthCheck
from dnsd.model.service import Endpoint, Port, Service, ServicePort

ADDRESS = {"address": "192.0.2.10"}


def endpoint(body: object, name: str = "web-1") -> Endpoint:
    return endpoint_from_document(body, "default", "web", name)


def service(body: object) -> Service:
    return service_from_document(body, "default", "web")


def pointers(invalid: pytest.ExceptionInfo[InvalidRecord]) -> list[str]:
    return [fault.pointer for fault in invalid.value.faults]


def test_the_example_of_the_contract() -> None:
    body = json.loads('{"address":"192.0.2.10","ports":{"http":8080},"lease_seconds":30}')
    assert endpoint(body) == Endpoint(
        "default", "web", "web-1", ("192.0.2.10",), (Port("http", "TCP", 8080),), lease_seconds=30
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"addresses": ["2001:DB8:0::1", "192.0.2.1"]}, {"addresses": ("2001:db8::1", "192.0.2.1")}),
        (ADDRESS, {"lease_seconds": 15, "weight": 100, "priority": 0, "ready": True, "draining": False}),
        (ADDRESS | {"lease_seconds": None}, {"lease_seconds": None}),
        (ADDRESS | {"lease_seconds": 86_400}, {"lease_seconds": 86_400}),
        (ADDRESS | {"hostname": "WEB-A"}, {"hostname": "web-a"}),
        (ADDRESS | {"hostname": None}, {"hostname": None}),
        (ADDRESS | {"ports": {"HTTP": 65_535}}, {"ports": (Port("http", "TCP", 65_535),)}),
        (ADDRESS | {"ports": [{"port": 53, "protocol": "udp"}]}, {"ports": (Port("", "UDP", 53),)}),
        (ADDRESS | {"ports": []}, {"ports": ()}),
        (
            ADDRESS | {"weight": 0, "priority": 65_535, "ready": False},
            {"weight": 0, "priority": 65_535, "ready": False},
        ),
        (ADDRESS | {"metadata": {"k": "x" * 1023}}, {"metadata": {"k": "x" * 1023}}),
    ],
)
def test_what_an_endpoint_may_say(body: dict[str, object], expected: dict[str, object]) -> None:
    found = endpoint(body)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, [""]),
        ([], [""]),
        ("192.0.2.10", [""]),
        ({}, ["/address"]),
        ({"address": "192.0.2.1", "addresses": ["192.0.2.1"]}, ["/address"]),
        ({"address": None}, ["/address"]),
        ({"address": 1}, ["/address"]),
        ({"address": ""}, ["/address"]),
        ({"address": "192.0.2.1 "}, ["/address"]),
        ({"address": "192.0.2.010"}, ["/address"]),
        ({"address": "192.0.2.1\n"}, ["/address"]),
        ({"address": "fe80::1%eth0"}, ["/address"]),
        ({"address": "localhost"}, ["/address"]),
        ({"addresses": []}, ["/addresses"]),
        ({"addresses": ["192.0.2.1", "x", 5]}, ["/addresses/2"]),
        ({"addresses": ["192.0.2.1", "x", "y"]}, ["/addresses/1", "/addresses/2"]),
        ({"addresses": ["192.0.2.1"] * 101}, ["/addresses"]),
        (ADDRESS | {"ports": {"http": 0}}, ["/ports/http"]),
        (ADDRESS | {"ports": {"http": 65_536}}, ["/ports/http"]),
        (ADDRESS | {"ports": {"http": True}}, ["/ports/http"]),
        (ADDRESS | {"ports": {"http": 80.0}}, ["/ports/http"]),
        (ADDRESS | {"ports": {"http": "80"}}, ["/ports/http"]),
        (ADDRESS | {"ports": {"a/b~": 80}}, ["/ports/a~1b~0"]),
        (ADDRESS | {"ports": {"http": 80, "HTTP": 81}}, ["/ports/HTTP"]),
        (ADDRESS | {"ports": {"x" * 63: 80}}, ["/ports/" + "x" * 63]),
        (ADDRESS | {"ports": [{"name": "http"}]}, ["/ports/0/port"]),
        (ADDRESS | {"ports": [{"port": 80, "protocol": "XCP"}]}, ["/ports/0/protocol"]),
        (ADDRESS | {"ports": [{"port": 80}, {"port": 80}]}, ["/ports/1"]),
        (ADDRESS | {"ports": [80]}, ["/ports/0"]),
        (ADDRESS | {"ports": 80}, ["/ports"]),
        (ADDRESS | {"ports": None}, ["/ports"]),
        (ADDRESS | {"ports": {f"p{number}": 80 for number in range(101)}}, ["/ports"]),
        (ADDRESS | {"weight": -1}, ["/weight"]),
        (ADDRESS | {"weight": 65_536}, ["/weight"]),
        (ADDRESS | {"weight": 10**30}, ["/weight"]),
        (ADDRESS | {"weight": False}, ["/weight"]),
        (ADDRESS | {"weight": 1.0}, ["/weight"]),
        (ADDRESS | {"weight": None}, ["/weight"]),
        (ADDRESS | {"priority": "0"}, ["/priority"]),
        (ADDRESS | {"ready": 1}, ["/ready"]),
        (ADDRESS | {"ready": "true"}, ["/ready"]),
        (ADDRESS | {"hostname": "web_1"}, ["/hostname"]),
        (ADDRESS | {"hostname": "web-"}, ["/hostname"]),
        (ADDRESS | {"hostname": "web\n"}, ["/hostname"]),
        (ADDRESS | {"hostname": "x" * 64}, ["/hostname"]),
        (ADDRESS | {"hostname": ""}, ["/hostname"]),
        (ADDRESS | {"hostname": "\u212a"}, ["/hostname"]),
        (ADDRESS | {"lease_seconds": 0}, ["/lease_seconds"]),
        (ADDRESS | {"lease_seconds": 86_401}, ["/lease_seconds"]),
        (ADDRESS | {"lease_seconds": True}, ["/lease_seconds"]),
        (ADDRESS | {"lease_seconds": 1e1}, ["/lease_seconds"]),
        (ADDRESS | {"metadata": {"k": "x" * 16_384}}, ["/metadata"]),
        (ADDRESS | {"metadata": {"k": "é" * 8192}}, ["/metadata"]),
        (ADDRESS | {"metadata": {"k": 1}}, ["/metadata/k"]),
        (ADDRESS | {"metadata": {"k": "\ud800"}}, ["/metadata/k"]),
        (ADDRESS | {"metadata": []}, ["/metadata"]),
        (ADDRESS | {"draining": True}, ["/draining"]),
        (ADDRESS | {"Weight": 1}, ["/Weight"]),
    ],
)
def test_what_an_endpoint_may_not_say(body: object, expected: list[str]) -> None:
    with pytest.raises(InvalidRecord) as invalid:
        endpoint(body)
    assert pointers(invalid) == expected
    assert all(fault.reason for fault in invalid.value.faults)


def test_every_fault_is_told_at_once_of_shape_and_of_value_alike() -> None:
    body = {"address": "x", "weight": "1", "priority": -1, "colour": "red", "ports": {"http": 0, "dns": 53}}
    with pytest.raises(InvalidRecord) as invalid:
        endpoint(body, "no spaces")
    assert pointers(invalid) == ["/weight", "/colour", "/id", "/address", "/ports/http", "/priority"]


def test_a_field_name_that_is_no_text_is_a_fault_like_any_other() -> None:
    with pytest.raises(InvalidRecord):
        endpoint(ADDRESS | {"\ud800": 1})


def test_a_refused_address_is_told_with_its_place() -> None:
    def refusal(address: str) -> str | None:
        return "not here" if address.startswith("10.") else None

    with pytest.raises(InvalidRecord) as invalid:
        endpoint_from_document({"addresses": ["192.0.2.1", "10.0.0.1"], "weight": -1}, "default", "web", "1", refusal)
    assert pointers(invalid) == ["/addresses/1", "/weight"]
    with pytest.raises(InvalidRecord) as invalid:
        service_from_document({"cluster_ips": ["10.0.0.1"]}, "default", "web", refusal)
    assert pointers(invalid) == ["/cluster_ips/0"]


def test_labels_of_the_path_fold_and_ids_do_not() -> None:
    found = endpoint_from_document(ADDRESS, "Default", "WEB", "Web-1.A:b_c")
    assert found.key == ("default", "web", "Web-1.A:b_c")
    assert service_from_document({}, "Default", "WEB").key == ("default", "web")


def test_folding_leaves_other_alphabets_alone() -> None:
    assert folded("\u212a") == "\u212a"  # the Kelvin sign, whose lower() is a plain k


def test_what_a_service_may_say() -> None:
    found = service(
        {
            "ports": [
                {"name": "HTTP", "port": 80, "target_port": "Web"},
                {"name": "x", "port": 81, "target_port": 8081},
            ],
            "cluster_ips": ["10.0.0.1", "2001:DB8::1"],
            "ttl_seconds": 0,
            "when_empty": "servfail",
            "publish_not_ready": True,
            "labels": {"app.kubernetes.io/name": "web"},
        }
    )
    assert found.ports == (ServicePort("http", "TCP", 80, "web"), ServicePort("x", "TCP", 81, 8081))
    assert found.cluster_ips == ("10.0.0.1", "2001:db8::1")
    assert (found.ttl_seconds, found.when_empty, found.publish_not_ready) == (0, "servfail", True)
    assert found.labels == {"app.kubernetes.io/name": "web"}
    assert found.declared


def test_a_cluster_ip_of_none_is_headless() -> None:
    assert service({"cluster_ips": ["None"]}).cluster_ips == ()


def test_an_external_name_folds() -> None:
    assert service({"external_name": "WWW.Example.COM."}).external_name == "www.example.com."


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], [""]),
        ({"ports": {"http": 80}}, ["/ports"]),
        ({"ports": [{"port": 0}]}, ["/ports/0/port"]),
        ({"ports": [{"port": 80, "target_port": 0}]}, ["/ports/0/target_port"]),
        ({"ports": [{"port": 80, "target_port": True}]}, ["/ports/0/target_port"]),
        ({"ports": [{"port": 80, "target_port": 1.5}]}, ["/ports/0/target_port"]),
        ({"ports": [{"port": 80, "target_port": "no spaces"}]}, ["/ports/0/target_port"]),
        ({"ports": [{"port": 80, "node_port": 3}]}, ["/ports/0/node_port"]),
        ({"cluster_ips": ["10.0.0"]}, ["/cluster_ips/0"]),
        ({"cluster_ips": ["10.0.0.1", "None"]}, ["/cluster_ips/1"]),
        ({"cluster_ips": "None"}, ["/cluster_ips"]),
        ({"external_name": "a..b"}, ["/external_name"]),
        ({"external_name": "."}, ["/external_name"]),
        ({"external_name": "a.example", "cluster_ips": ["10.0.0.1"]}, ["/external_name"]),
        ({"ttl_seconds": 3601}, ["/ttl_seconds"]),
        ({"ttl_seconds": -1}, ["/ttl_seconds"]),
        ({"when_empty": "never"}, ["/when_empty"]),
        ({"publish_not_ready": "yes"}, ["/publish_not_ready"]),
        ({"labels": {"a": None}}, ["/labels/a"]),
        ({"declared": True}, ["/declared"]),
        ({"selector": {}}, ["/selector"]),
    ],
)
def test_what_a_service_may_not_say(body: object, expected: list[str]) -> None:
    with pytest.raises(InvalidRecord) as invalid:
        service(body)
    assert pointers(invalid) == expected


def test_a_patch_changes_what_it_names_and_nothing_else() -> None:
    before = endpoint(ADDRESS | {"metadata": {"a": "1"}, "weight": 7})
    after = patched_endpoint(before, {"ready": False, "metadata": {"b": "2"}})
    assert (after.ready, after.metadata, after.weight, after.addresses) == (False, {"b": "2"}, 7, before.addresses)
    assert patched_endpoint(before, {}) == before


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"weight": 65_536}, ["/weight"]),
        ({"priority": None}, ["/priority"]),
        ({"address": "192.0.2.1"}, ["/address"]),
        ({"metadata": {"k": "x" * 16_384}, "ready": 0}, ["/ready", "/metadata"]),
        (7, [""]),
    ],
)
def test_what_a_patch_may_not_say(body: object, expected: list[str]) -> None:
    with pytest.raises(InvalidRecord) as invalid:
        patched_endpoint(endpoint(ADDRESS), body)
    assert pointers(invalid) == expected


def test_a_health_check_is_read_and_every_fault_of_it_named() -> None:
    checked = service_from_document({"health": {"type": "http", "port": "WEB", "down": 5}}, "default", "web")
    assert checked.health == HealthCheck("http", "web", down=5)
    assert document_of(checked)["health"] == {
        "type": "http", "port": "web", "path": "/", "interval_seconds": 10, "timeout_seconds": 2, "up": 2, "down": 5,
    }  # fmt: skip
    for health, expected in (
        ({"type": "icmp"}, ["/health/type"]),
        ({"port": "web"}, ["/health/type"]),
        ({"type": "tcp", "host": "192.0.2.1"}, ["/health/host"]),
        ({"type": "http", "path": "x", "up": 0}, ["/health/path", "/health/up"]),
    ):
        with pytest.raises(InvalidRecord) as invalid:
            service_from_document({"health": health}, "default", "web")
        assert pointers(invalid) == expected


def test_objects_as_they_are_shown() -> None:
    shown = document_of(Endpoint("default", "web", "1", ("192.0.2.1",), (Port("http", "TCP", 80),), revision=12))
    assert shown == {
        "kind": "endpoint", "namespace": "default", "service": "web", "id": "1", "addresses": ["192.0.2.1"],
        "ports": [{"name": "http", "protocol": "TCP", "port": 80}], "weight": 100, "priority": 0, "hostname": None,
        "ready": True, "draining": False, "failing": None, "metadata": {}, "lease_seconds": 15, "revision": 12,
    }  # fmt: skip
    shown = document_of(Service("default", "web", (ServicePort("http", "TCP", 80, "web"),), declared=False, revision=3))
    assert shown == {
        "kind": "service", "namespace": "default", "name": "web",
        "ports": [{"name": "http", "protocol": "TCP", "port": 80, "target_port": "web"}], "cluster_ips": [],
        "external_name": None, "ttl_seconds": 5, "when_empty": "nodata", "publish_not_ready": False,
        "slow_start_seconds": 0, "min_kept": 0, "health": None, "labels": {},
        "declared": False, "revision": 3,
    }  # fmt: skip
