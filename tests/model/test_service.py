"""Services and endpoints are valid from birth, and name every fault at once."""

from typing import Any

import pytest

from dnsd.model.errors import InvalidRecord
from dnsd.model.service import Endpoint, Port, Service, ServicePort

ENDPOINT: dict[str, Any] = {"namespace": "default", "service": "web", "id": "web-1", "addresses": ("10.0.0.1",)}
SERVICE: dict[str, Any] = {"namespace": "default", "name": "web"}


def test_defaults_are_those_of_the_contract() -> None:
    endpoint, service = Endpoint(**ENDPOINT), Service(**SERVICE)
    assert (endpoint.weight, endpoint.priority, endpoint.lease_seconds) == (100, 0, 15)
    assert (endpoint.ready, endpoint.draining, endpoint.hostname) == (True, False, None)
    assert (service.ttl_seconds, service.when_empty, service.declared) == (5, "nodata", True)


def test_keys_say_what_belongs_together() -> None:
    endpoint, service = Endpoint(**ENDPOINT), Service(**SERVICE)
    assert endpoint.key == ("default", "web", "web-1")
    assert endpoint.service_key == service.key == ("default", "web")


def test_revisions_take_no_part_in_comparison() -> None:
    # A repeat of the same PUT is harmless and makes no revision.
    assert Endpoint(**ENDPOINT, revision=7, generation=1) == Endpoint(**ENDPOINT, revision=8, generation=2)
    assert Service(**SERVICE, revision=7, generation=1) == Service(**SERVICE)


@pytest.mark.parametrize(
    ("fields", "address", "hostname"),
    [
        ({"hostname": "a"}, "10.0.0.1", "a"),
        ({}, "10.0.0.1", "web-1"),
        ({"id": "Web-1"}, "10.0.0.1", "web-1"),
        ({"id": "web.1:8080"}, "10.0.0.1", "10-0-0-1"),
        ({"id": "-web"}, "2001:db8::", "2001-db8--0"),
        ({"id": "x" * 64}, "10.0.0.1", "10-0-0-1"),
        ({"id": "web.1", "hostname": "a"}, "10.0.0.1", "a"),
    ],
)
def test_the_host_name_of_an_endpoint(fields: dict[str, Any], address: str, hostname: str) -> None:
    assert Endpoint(**{**ENDPOINT, **fields}).hostname_for(address) == hostname


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"namespace": "De"}, ["/namespace"]),
        ({"service": "a.b"}, ["/service"]),
        ({"id": ""}, ["/id"]),
        ({"id": "x" * 129}, ["/id"]),
        ({"addresses": ()}, ["/addresses"]),
        ({"addresses": ("10.0.0.1", "web")}, ["/addresses/1"]),
        ({"addresses": ("2001:DB8::1",)}, ["/addresses/0"]),
        ({"addresses": ("fe80::1%eth0",)}, ["/addresses/0"]),
        ({"ports": (Port("http", "TCP", 0),)}, ["/ports/0/port"]),
        ({"ports": (Port("http", "TCP", 65_536),)}, ["/ports/0/port"]),
        ({"ports": (Port("http", "TCP", True),)}, ["/ports/0/port"]),
        ({"ports": (Port("_http", "TCP", 80),)}, ["/ports/0/name"]),
        ({"ports": (Port("http", "tcp", 80),)}, ["/ports/0/protocol"]),
        ({"ports": (Port("http", "TCP", 80), Port("http", "TCP", 81))}, ["/ports/1"]),
        ({"ports": (Port("", "TCP", 80), Port("", "TCP", 80))}, ["/ports/1"]),
        ({"weight": -1}, ["/weight"]),
        ({"weight": 65_536}, ["/weight"]),
        ({"priority": 65_536}, ["/priority"]),
        ({"hostname": "_a"}, ["/hostname"]),
        ({"hostname": ""}, ["/hostname"]),
        ({"lease_seconds": 0}, ["/lease_seconds"]),
        ({"lease_seconds": 86_401}, ["/lease_seconds"]),
        ({"weight": -1, "addresses": (), "id": "a b"}, ["/id", "/addresses", "/weight"]),
    ],
)
def test_an_endpoint_names_every_fault(fields: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(InvalidRecord) as wrong:
        Endpoint(**{**ENDPOINT, **fields})
    assert [fault.pointer for fault in wrong.value.faults] == pointers


@pytest.mark.parametrize(
    "fields",
    [
        {"ports": (Port("http", "TCP", 80), Port("http", "UDP", 80), Port("", "TCP", 80), Port("", "TCP", 81))},
        {"weight": 0, "priority": 65_535},
        {"lease_seconds": None},
        {"lease_seconds": 86_400},
        {"addresses": ("10.0.0.1", "2001:db8::1")},
    ],
)
def test_endpoints_that_can_be(fields: dict[str, Any]) -> None:
    assert Endpoint(**{**ENDPOINT, **fields})


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"namespace": ""}, ["/namespace"]),
        ({"name": "a.b"}, ["/name"]),
        ({"ports": (ServicePort("http", "TCP", 80, 0),)}, ["/ports/0/target_port"]),
        ({"ports": (ServicePort("http", "TCP", 80, "_web"),)}, ["/ports/0/target_port"]),
        ({"ports": (ServicePort("", "TCP", 80), ServicePort("", "TCP", 80))}, ["/ports/1"]),
        ({"cluster_ips": ("10.0.0.1", "None")}, ["/cluster_ips/1"]),
        ({"external_name": "a..b"}, ["/external_name"]),
        ({"external_name": "."}, ["/external_name"]),
        ({"external_name": "example.org", "cluster_ips": ("10.0.0.1",)}, ["/external_name"]),
        ({"ttl_seconds": 3601}, ["/ttl_seconds"]),
        ({"ttl_seconds": -1}, ["/ttl_seconds"]),
        ({"when_empty": "never"}, ["/when_empty"]),
    ],
)
def test_a_service_names_every_fault(fields: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(InvalidRecord) as wrong:
        Service(**{**SERVICE, **fields})
    assert [fault.pointer for fault in wrong.value.faults] == pointers


@pytest.mark.parametrize(
    "fields",
    [
        {"ports": (ServicePort("http", "TCP", 80, "web-port"), ServicePort("", "SCTP", 9, 9))},
        {"cluster_ips": ("10.0.0.1", "fd00::1")},
        {"external_name": "web.example.org."},
        {"external_name": "web.example.org"},
        {"ttl_seconds": 0},
        {"when_empty": "last_known"},
    ],
)
def test_services_that_can_be(fields: dict[str, Any]) -> None:
    assert Service(**{**SERVICE, **fields})


def test_an_endpoint_at_another_revision_is_the_same_in_all_else() -> None:
    endpoint = Endpoint("default", "web", "web-1", ("192.0.2.1",), weight=7, metadata={"a": "b"}, failing="timeout")
    later = endpoint.at(12, 10)
    assert later == endpoint
    assert (later.revision, later.generation) == (12, 10)
    assert (endpoint.revision, endpoint.generation) == (0, 0)
    assert {name: getattr(later, name) for name in Endpoint.__slots__} == {
        **{name: getattr(endpoint, name) for name in Endpoint.__slots__},
        "revision": 12,
        "generation": 10,
    }
