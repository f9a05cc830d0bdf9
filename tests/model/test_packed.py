"""What comes back is what was given, field by field."""

import marshal
from dataclasses import fields

import pytest
from authority.drawn import ENDPOINTS, SERVICES
from hypothesis import given, settings

from dnsd.model.health import HealthCheck
from dnsd.model.packed import pack_endpoint, pack_service, unpack_endpoint, unpack_service
from dnsd.model.service import Endpoint, Port, Service, ServicePort

FULL = Endpoint(
    namespace="ns",
    service="web",
    id="one",
    addresses=("10.0.0.1", "fd00::1"),
    ports=(Port("http", "TCP", 80), Port("", "UDP", 9)),
    weight=7,
    priority=3,
    hostname="host",
    ready=False,
    draining=True,
    metadata={"zone": "a"},
    lease_seconds=None,
    revision=12,
    generation=5,
    failing="refused",
)
WHOLE = Service(
    namespace="ns",
    name="web",
    ports=(ServicePort("http", "TCP", 80, "web"), ServicePort("x", "UDP", 1, 2)),
    cluster_ips=("10.0.0.9",),
    external_name=None,
    ttl_seconds=30,
    when_empty="servfail",
    publish_not_ready=True,
    labels={"app": "web"},
    declared=False,
    revision=12,
    generation=5,
    slow_start_seconds=60,
    min_kept=2,
    health=HealthCheck("http", "http", "/up", 1, 1, 1, 1),
)


def every_field(value: Endpoint | Service) -> dict[str, object]:
    """Also those that take no part in comparison."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def endpoint_again(endpoint: Endpoint) -> Endpoint:
    return unpack_endpoint(marshal.loads(marshal.dumps(pack_endpoint(endpoint))))


def service_again(service: Service) -> Service:
    return unpack_service(marshal.loads(marshal.dumps(pack_service(service))))


@pytest.mark.parametrize("endpoint", [FULL, Endpoint("ns", "web", "two", ("10.0.0.2",))])
def test_an_endpoint(endpoint: Endpoint) -> None:
    assert every_field(endpoint_again(endpoint)) == every_field(endpoint)


@pytest.mark.parametrize("service", [WHOLE, Service("ns", "db"), Service("ns", "out", external_name="a.example")])
def test_a_service(service: Service) -> None:
    assert every_field(service_again(service)) == every_field(service)


def test_no_field_of_the_full_ones_is_as_by_default() -> None:
    """So a field that is forgotten shows."""
    plain = {field.name: field.default for field in fields(Endpoint)}
    assert [name for name, value in every_field(FULL).items() if value == plain[name]] == []


@settings(deadline=None)
@given(ENDPOINTS, SERVICES)
def test_any(endpoint: Endpoint, service: Service) -> None:
    assert every_field(endpoint_again(endpoint)) == every_field(endpoint)
    assert every_field(service_again(service)) == every_field(service)


def test_equal_ports_are_shared() -> None:
    assert endpoint_again(FULL).ports is endpoint_again(FULL).ports
