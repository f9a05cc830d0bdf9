"""A v1 Service into a Service, field by field."""

import json
from typing import Any

import pytest

from dnsd.codec.manifest import read_manifests
from dnsd.model.errors import InvalidRecord
from dnsd.model.health import HealthCheck
from dnsd.model.service import Service, ServicePort


def manifest(spec: dict[str, Any], **metadata: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"} | metadata, "spec": spec})


def service(spec: dict[str, Any], **metadata: Any) -> Service:
    (value,) = read_manifests(manifest(spec, **metadata)).values
    assert isinstance(value, Service)
    return value


def faults(spec: dict[str, Any], **metadata: Any) -> dict[str, str]:
    with pytest.raises(InvalidRecord) as refusal:
        read_manifests(manifest(spec, **metadata))
    return {fault.pointer.removeprefix("/documents/0"): fault.reason for fault in refusal.value.faults}


def test_a_bare_service_is_declared_headless_and_empty_by_the_specification():
    assert service({}) == Service("default", "web", when_empty="nxdomain", declared=True)
    assert service({"clusterIP": None, "ports": None}, labels=None, annotations=None) == service({})


@pytest.mark.parametrize(
    ("spec", "addresses"),
    [
        ({"clusterIP": ""}, ()),
        ({"clusterIP": "None"}, ()),
        ({"clusterIP": "None", "clusterIPs": ["None"]}, ()),
        ({"clusterIP": "10.0.0.1"}, ("10.0.0.1",)),
        ({"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1", "FD00::01"]}, ("10.0.0.1", "fd00::1")),
        ({"clusterIPs": ["10.0.0.1"]}, ("10.0.0.1",)),
    ],
)
def test_cluster_ips(spec, addresses):
    assert service(spec).cluster_ips == addresses


def test_an_external_name_has_no_addresses():
    external = service({"type": "ExternalName", "externalName": "DB.example.com", "clusterIP": ""})
    assert (external.external_name, external.cluster_ips) == ("db.example.com", ())
    assert service({"type": "ClusterIP", "externalName": "db.example.com"}).external_name is None


def test_ports_take_their_defaults_as_in_kubernetes():
    ports = [
        {"port": 80},
        {"name": "HTTP", "port": 81, "protocol": "TCP", "targetPort": "Web"},
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 5353},
        {"name": "zero", "port": 82, "targetPort": 0},
    ]
    assert service({"ports": ports}).ports == (
        ServicePort("", "TCP", 80, None),
        ServicePort("http", "TCP", 81, "web"),
        ServicePort("dns", "UDP", 53, 5353),
        ServicePort("zero", "TCP", 82, None),
    )


def test_names_are_folded_and_labels_kept():
    folded = service({}, name="Web", namespace="Shop", labels={"App": "Web", "empty": ""})
    assert folded.key == ("shop", "web")
    assert folded.labels == {"App": "Web", "empty": ""}


def test_publish_not_ready():
    assert service({"publishNotReadyAddresses": True}).publish_not_ready is True
    assert service({}).publish_not_ready is False


def test_annotations_say_what_kubernetes_has_no_field_for():
    annotated = service({}, annotations={"dnsd/ttl-seconds": "30", "dnsd/when-empty": "last_known", "other/x": "y"})
    assert (annotated.ttl_seconds, annotated.when_empty) == (30, "last_known")
    assert service({}, annotations={"dnsd/ttl-seconds": 0}).ttl_seconds == 0
    assert service({}, annotations={"dnsd/slow-start-seconds": "20"}).slow_start_seconds == 20
    assert service({}).slow_start_seconds == 0
    assert service({}, annotations={"dnsd/min-kept": "2"}).min_kept == 2
    assert service({}).min_kept == 0
    assert service({}, annotations={"dnsd/health": '{"type": "tcp", "up": 1}'}).health == HealthCheck("tcp", up=1)
    assert service({}).health is None


@pytest.mark.parametrize(
    ("spec", "metadata", "pointer", "reason"),
    [
        ({"type": "Cluster"}, {}, "/spec/type", "'Cluster' is none of ClusterIP, NodePort, LoadBalancer, ExternalName"),
        ({"type": "ExternalName"}, {}, "/spec/externalName", "is missing, and type is ExternalName"),
        ({"type": "ExternalName", "externalName": "a..b"}, {}, "/spec/externalName", "empty label in 'a..b'"),
        ({"clusterIP": "10.0.0"}, {}, "/spec/clusterIP", "'10.0.0' does not appear to be"),
        ({"clusterIPs": ["10.0.0.1", "x"]}, {}, "/spec/clusterIPs/1", "'x' does not appear to be"),
        ({"clusterIPs": [1]}, {}, "/spec/clusterIPs/0", "must be text, not 1; put it in quotes"),
        ({"clusterIP": "10.0.0.2", "clusterIPs": ["10.0.0.1"]}, {}, "/spec/clusterIPs", "begins with '10.0.0.1', but"),
        ({"ports": [{"port": 65536}]}, {}, "/spec/ports/0/port", "65536 is not in 1 to 65535"),
        ({"ports": [{"port": True}]}, {}, "/spec/ports/0/port", "must be a whole number, not true"),
        ({"ports": ["x", {"port": 0}]}, {}, "/spec/ports/1/port", "0 is not in"),
        ({"ports": ["x"]}, {}, "/spec/ports/0", "must be a mapping, not 'x'"),
        ({"ports": {"port": 1}}, {}, "/spec/ports", "must be a list, not a mapping"),
        (
            {"ports": [{"port": 1, "protocol": "ICMP"}]},
            {},
            "/spec/ports/0/protocol",
            "'ICMP' is none of TCP, UDP, SCTP",
        ),
        ({"ports": [{"port": 1, "name": "a_b"}]}, {}, "/spec/ports/0/name", "'a_b' is not 1 to 62"),
        ({"ports": [{"port": 1}, {"port": 1}]}, {}, "/spec/ports/1", "a second TCP port number 1"),
        ({"ports": [{"port": 1, "targetPort": "80"}]}, {}, "/spec/ports/0/targetPort", "'80' is a name here; write"),
        (
            {"ports": [{"port": 1, "targetPort": "a_b"}]},
            {},
            "/spec/ports/0/targetPort",
            "'a_b' is neither a port's name",
        ),
        ({"ports": [{"port": 1, "targetPort": 70000}]}, {}, "/spec/ports/0/targetPort", "70000 is not in"),
        ({"publishNotReadyAddresses": "yes"}, {}, "/spec/publishNotReadyAddresses", "must be true or false, not 'yes'"),
        ({}, {"name": ""}, "/metadata/name", "is missing"),
        ({}, {"name": 5}, "/metadata/name", "must be text, not 5; put it in quotes"),
        ({}, {"name": "a.b"}, "/metadata/name", "'a.b' is not a label"),
        ({}, {"namespace": "a b"}, "/metadata/namespace", "'a b' is not a label"),
        ({}, {"labels": {"a/b": 1.5}}, "/metadata/labels/a~1b", "must be text, not 1.5; put it in quotes"),
        ({}, {"labels": ["a"]}, "/metadata/labels", "must be a mapping, not a list"),
        ({}, {"annotations": {"dnsd/health": "tcp"}}, "/metadata/annotations/dnsd~1health", "must be JSON"),
        ({}, {"annotations": {"dnsd/health": '{"type": 1}'}}, "/metadata/annotations/dnsd~1health", "/type"),
        (
            {},
            {"annotations": {"dnsd/health": '{"type":"tcp","up":0}'}},
            "/metadata/annotations/dnsd~1health/up",
            "0 is not",
        ),
        ({}, {"annotations": {"dnsd/ttl-seconds": "1h"}}, "/metadata/annotations/dnsd~1ttl-seconds", "must be a whole"),
        (
            {},
            {"annotations": {"dnsd/ttl-seconds": "9999"}},
            "/metadata/annotations/dnsd~1ttl-seconds",
            "9999 is not in",
        ),
        ({}, {"annotations": {"dnsd/when-empty": "x"}}, "/metadata/annotations/dnsd~1when-empty", "'x' is none of"),
        (
            {},
            {"annotations": {"dnsd/ttl": "1"}},
            "/metadata/annotations/dnsd~1ttl",
            "is not known; there are dnsd/ttl-",
        ),
    ],
)
def test_each_wrong_field_is_refused_at_its_place(spec, metadata, pointer, reason):
    found = faults(spec, **metadata)
    assert found[pointer].startswith(reason)
    assert "(Service" in found[pointer]


def test_a_field_that_is_wrong_does_not_hide_the_others():
    assert set(faults({"type": "X", "ports": [{"port": "1"}, {"port": 0}], "clusterIP": "y"}, name="a_b")) == {
        "/spec/type",
        "/spec/ports/0/port",
        "/spec/ports/1/port",
        "/spec/clusterIP",
        "/metadata/name",
    }
