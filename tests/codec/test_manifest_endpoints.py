"""v1 Endpoints and EndpointSlices into Endpoints, united by address."""

import json
import time
from typing import Any

import pytest

from dnsd.codec.manifest import Manifests, read_manifests
from dnsd.codec.manifest_endpoints import APART_MOST
from dnsd.model.errors import InvalidRecord
from dnsd.model.service import Endpoint, Port

HTTP = {"name": "http", "port": 8080}


def endpoints(*subsets: Any, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web"} | metadata, "subsets": list(subsets)}


def sliced(endpoints: Any, ports: Any = (HTTP,), family: Any = "IPv4", **fields: Any) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": "web"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "web-x1", "labels": labels},
        "addressType": family,
        "endpoints": endpoints,
        "ports": ports,
    } | fields


def read(*documents: dict[str, Any]) -> Manifests:
    return read_manifests(json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}))


def values(*documents: dict[str, Any]) -> dict[str, Endpoint]:
    found = {value.id: value for value in read(*documents).values if isinstance(value, Endpoint)}
    assert len(found) == len(read(*documents).values)
    return found


def faults(*documents: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidRecord) as refusal:
        read(*documents)
    return {fault.pointer.removeprefix("/documents/0/items"): fault.reason for fault in refusal.value.faults}


def test_each_address_of_each_subset_is_a_permanent_endpoint_named_by_its_address():
    found = values(
        endpoints(
            {"addresses": [{"ip": "10.0.0.1"}, {"ip": "FD00::01", "hostname": "Web-0"}], "ports": [HTTP]},
            {"notReadyAddresses": [{"ip": "10.0.0.2"}], "ports": [{"port": 53, "protocol": "UDP"}]},
            namespace="shop",
        )
    )
    assert found == {
        "10.0.0.1": Endpoint(
            "shop", "web", "10.0.0.1", ("10.0.0.1",), (Port("http", "TCP", 8080),), lease_seconds=None
        ),
        "fd00::1": Endpoint(
            "shop", "web", "fd00::1", ("fd00::1",), (Port("http", "TCP", 8080),), hostname="web-0", lease_seconds=None
        ),
        "10.0.0.2": Endpoint(
            "shop", "web", "10.0.0.2", ("10.0.0.2",), (Port("", "UDP", 53),), ready=False, lease_seconds=None
        ),
    }
    assert found["10.0.0.1"].hostname_for("10.0.0.1") == "10-0-0-1"
    assert found["fd00::1"].hostname_for("fd00::1") == "web-0"


def test_no_subsets_mean_no_endpoints():
    assert read(endpoints(), endpoints() | {"subsets": None}).values == ()


def test_an_address_in_several_subsets_has_all_their_ports_and_is_ready_when_one_says_so():
    found = values(
        endpoints(
            {"notReadyAddresses": [{"ip": "10.0.0.1"}], "ports": [HTTP]},
            {"addresses": [{"ip": "10.0.0.1"}], "ports": [{"name": "admin", "port": 9000}, HTTP]},
        )
    )
    assert list(found) == ["10.0.0.1"]
    assert found["10.0.0.1"].ports == (Port("http", "TCP", 8080), Port("admin", "TCP", 9000))
    assert found["10.0.0.1"].ready is True
    ready_first = {"addresses": [{"ip": "10.0.0.1"}]}, {"notReadyAddresses": [{"ip": "10.0.0.1"}]}
    assert values(endpoints(*ready_first))["10.0.0.1"].ready is True


def test_slices_and_endpoints_of_one_service_are_united():
    found = values(
        sliced([{"addresses": ["10.0.0.1"]}]),
        sliced([{"addresses": ["10.0.0.1"], "hostname": "web-0"}], ports=[{"name": "admin", "port": 9000}]),
        endpoints({"addresses": [{"ip": "10.0.0.2"}, {"ip": "10.0.0.1"}], "ports": [HTTP]}),
    )
    assert set(found) == {"10.0.0.1", "10.0.0.2"}
    assert found["10.0.0.1"].hostname == "web-0"
    assert [port.name for port in found["10.0.0.1"].ports] == ["http", "admin"]


def test_two_instances_on_one_address_stay_apart():
    found = values(
        sliced([{"addresses": ["10.0.0.1"]}], ports=[{"name": "http", "port": 8001}]),
        sliced([{"addresses": ["10.0.0.1"]}], ports=[{"name": "http", "port": 8002}]),
        sliced([{"addresses": ["10.0.0.1"]}], ports=[{"name": "http", "port": 8002}, {"name": "admin", "port": 1}]),
    )
    assert {id_: [port.port for port in endpoint.ports] for id_, endpoint in found.items()} == {
        "10.0.0.1": [8001],
        "10.0.0.1-2": [8002, 1],
    }
    hosts = values(sliced([{"addresses": ["10.0.0.1"], "hostname": name} for name in ("a", "b")]))
    assert {id_: endpoint.hostname for id_, endpoint in hosts.items()} == {"10.0.0.1": "a", "10.0.0.1-2": "b"}


def test_one_address_may_serve_several_services_and_namespaces():
    entry = {"addresses": [{"ip": "10.0.0.1"}]}
    found = read(endpoints(entry), endpoints(entry, name="db"), endpoints(entry, namespace="shop")).values
    assert [value.key for value in found] == [
        ("default", "web", "10.0.0.1"),
        ("default", "db", "10.0.0.1"),
        ("shop", "web", "10.0.0.1"),
    ]


@pytest.mark.parametrize(
    ("conditions", "is_ready"),
    [
        (None, True),
        ({}, True),
        ({"ready": None}, True),
        ({"ready": True}, True),
        ({"ready": False, "serving": True}, False),
    ],
)
def test_an_endpoint_of_a_slice_is_ready_unless_it_says_no(conditions, is_ready):
    found = values(sliced([{"addresses": ["10.0.0.1", "10.0.0.2"], "conditions": conditions, "zone": "z"}]))
    assert [endpoint.ready for endpoint in found.values()] == [is_ready, is_ready]


def test_a_slice_of_host_names_is_skipped_with_a_note():
    skipped = read(sliced([{"addresses": ["web.example.com"]}], family="FQDN"))
    assert skipped.values == ()
    (note,) = skipped.notes
    assert note.startswith("document 0: EndpointSlice web-x1 has addressType FQDN")


def test_a_port_without_number_stands_for_every_port_and_is_left_out_with_a_note():
    found = read(sliced([{"addresses": ["10.0.0.1"]}], ports=[{"name": "any", "port": None}, HTTP]))
    assert found.notes == ("document 0: EndpointSlice web-x1 port 'any' stands for every port, left out",)
    assert [value.ports for value in found.values if isinstance(value, Endpoint)] == [(Port("http", "TCP", 8080),)]
    assert read(sliced(None, ports=None)).values == ()


@pytest.mark.parametrize(
    ("document", "pointer", "reason"),
    [
        (sliced([], metadata={"name": "x"}), "/0/metadata/labels/kubernetes.io~1service-name", "is missing: it names"),
        (sliced([], metadata={"labels": {"kubernetes.io/service-name": "w"}}), "/0/metadata/name", "is missing"),
        (sliced([], family=None), "/0/addressType", "is missing; it is one of IPv4, IPv6, FQDN"),
        (sliced([], family="IP"), "/0/addressType", "'IP' is none of IPv4, IPv6, FQDN"),
        (sliced([{"addresses": ["::1"]}]), "/0/endpoints/0/addresses/0", "'::1' is not IPv4, which addressType"),
        (sliced([{"addresses": ["1.2.3"]}]), "/0/endpoints/0/addresses/0", "'1.2.3' does not appear to be"),
        (sliced([{"addresses": [7]}]), "/0/endpoints/0/addresses/0", "must be text, not 7"),
        (sliced([{"addresses": ["1.2.3.4"], "hostname": "a.b"}]), "/0/endpoints/0/hostname", "'a.b' is not a label"),
        (sliced([{"addresses": ["1.2.3.4"]}], ports=[{"port": 0}]), "/0/ports/0/port", "0 is not in 1 to 65535"),
        (sliced([], ports=[{"port": 1}] * 101), "/0/ports", "more than 100 ports"),
        (sliced([{"conditions": {"ready": "no"}}]), "/0/endpoints/0/conditions/ready", "must be true or false"),
        (sliced(["x"]), "/0/endpoints/0", "must be a mapping"),
        (endpoints({"addresses": [{}]}), "/0/subsets/0/addresses/0/ip", "is missing"),
        (endpoints({"addresses": [{"ip": "x"}]}), "/0/subsets/0/addresses/0/ip", "'x' does not appear to be"),
        (endpoints({"notReadyAddresses": [{"ip": 1}]}), "/0/subsets/0/notReadyAddresses/0/ip", "must be text"),
        (endpoints({"ports": [{"name": "x"}]}), "/0/subsets/0/ports/0/port", "is missing"),
        (
            endpoints({"addresses": [{"ip": "fe80::1%eth0"}]}),
            "/0/subsets/0/addresses/0/ip",
            "'fe80::1%eth0' has a zone",
        ),
        (endpoints({"addresses": [{"ip": "1.2.3.4"}]}, name="a.b"), "/0/metadata/name", "'a.b' is not a label"),
    ],
)
def test_each_wrong_field_is_refused_at_its_place(document, pointer, reason):
    found = faults(document)
    assert found[pointer].startswith(reason)


def test_a_wrong_port_of_many_addresses_is_one_fault():
    many = [{"addresses": [f"10.0.{at // 250}.{at % 250}"]} for at in range(500)]
    assert list(faults(sliced(many, ports=[{"port": 70000}]))) == ["/0/ports/0/port"]


def test_no_text_makes_the_uniting_slow():
    subsets = [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"name": "p", "port": at}]} for at in range(1, 8001)]
    started = time.process_time()
    found = faults(endpoints(*subsets))
    assert time.process_time() - started < 10
    assert "more than 100 different sets of ports" in found[f"/0/subsets/{APART_MOST}/addresses/0"]
