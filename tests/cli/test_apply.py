"""``dnsd apply``: parts, and everything else against a real server."""

import io
import json

import pytest

from dnsd.cli.apply import PART_OBJECTS_MOST, PART_OCTETS_MOST, Part, parts_of
from dnsd.codec.manifest import read_manifests
from dnsd.model.service import Endpoint, Service

FIRST_LIGHT = """\
apiVersion: v1
kind: Service
metadata: {name: web-server-service, namespace: NAMESPACE}
spec: {ports: [{name: web-server, port: 80, targetPort: web-server-port}], selector: {app: web-server}}
---
apiVersion: v1
kind: Service
metadata: {name: gin-demo, namespace: NAMESPACE, labels: {app: gin-demo}}
spec: {ports: [{port: 8080, name: http, protocol: TCP, targetPort: 8080}], selector: {app: gin-demo}}
"""
SLICE = """\
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-x, namespace: NAMESPACE, labels: {kubernetes.io/service-name: web-server-service}}
addressType: IPv4
ports: [{name: web-server-port, port: 8080}]
endpoints: [{addresses: [192.0.2.1]}, {addresses: [192.0.2.2], conditions: {ready: false}}]
"""


@pytest.fixture
def file(console, tmp_path):
    path = tmp_path / "manifests.yaml"
    path.write_text((FIRST_LIGHT + SLICE).replace("NAMESPACE", console.namespace))
    return path


def services(count: int, label: str = "") -> list[Service]:
    return [Service("default", f"svc-{at}", labels={"x": label}, when_empty="nxdomain") for at in range(count)]


def read_back(parts: list[Part]) -> tuple[Service | Endpoint, ...]:
    return tuple(value for part in parts for value in read_manifests(part.body).values)


def test_parts_are_small_enough_and_lose_nothing():
    values = services(2500)
    parts = list(parts_of(values))
    assert [part.objects for part in parts] == [PART_OBJECTS_MOST, PART_OBJECTS_MOST, 500]
    assert read_back(parts) == tuple(values)


def test_parts_are_bounded_by_their_size_too():
    values = services(100, label="x" * 100_000)
    parts = list(parts_of(values))
    assert len(parts) > 5
    assert all(len(part.body) <= PART_OCTETS_MOST + 100 for part in parts)
    assert read_back(parts) == tuple(values)


def test_no_values_are_no_parts():
    assert list(parts_of([])) == []


def test_manifests_are_applied_and_applying_twice_changes_nothing(console, file):
    done = console.call("apply", "-f", str(file))
    assert (done.status, done.err) == (0, "")
    assert done.rows == [
        ["created", "service", f"{console.namespace}/web-server-service"],
        ["created", "service", f"{console.namespace}/gin-demo"],
        ["created", "endpoint", f"{console.namespace}/web-server-service/192.0.2.1"],
        ["created", "endpoint", f"{console.namespace}/web-server-service/192.0.2.2"],
        ["4", "created"],
    ]
    revisions = {item["id"]: item["revision"] for item in console.endpoints().values()}
    again = console.call("apply", "-f", str(file))
    assert (again.status, again.out) == (0, "4 unchanged\n")
    assert {item["id"]: item["revision"] for item in console.endpoints().values()} == revisions


def test_a_dry_run_shows_the_changes_and_makes_none(console, file):
    done = console.call("apply", "-f", str(file), "--dry-run")
    assert done.status == 0
    assert done.out.splitlines()[-1] == "4 created (dry run)"
    assert console.endpoints() == {}
    console.call("apply", "-f", str(file))
    file.write_text(file.read_text().replace("192.0.2.2", "192.0.2.3").replace("port: 8080, name", "port: 8081, name"))
    done = console.call("apply", "-f", str(file), "--dry-run", "--output", "json")
    assert done.document["dry_run"] is True
    assert [result["outcome"] for result in done.document["results"]] == [
        "unchanged",
        "changed",
        "unchanged",
        "created",
    ]
    assert set(console.endpoints()) == {"192.0.2.1", "192.0.2.2"}


def test_standard_input_and_notes(console, monkeypatch):
    text = (FIRST_LIGHT + "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}\n").replace(
        "NAMESPACE", console.namespace
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    done = console.call("apply", "-f", "-")
    assert done.out.splitlines()[-1] == "2 created"
    assert done.err == "dnsd apply: -: document 2: Deployment web is not for dnsd, skipped\n"


def test_one_fault_is_one_line_and_nothing_is_sent(console, file):
    file.write_text(file.read_text() + "---\n{apiVersion: v1, kind: Service, metadata: {name: a.b}}\n")
    done = console.call("apply", "-f", str(file))
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(
        f"dnsd apply: nothing was sent: {file}: /documents/3/metadata/name: 'a.b' is not a label"
    )
    assert done.err.count("\n") == 1
    assert console.get(f"/v1/services?namespace={console.namespace}")["items"] == []


def test_several_faults_are_a_line_each_and_one_that_sums_up(console, file, tmp_path):
    (tmp_path / "other.yaml").write_text("{apiVersion: v1, kind: Service, spec: {ports: [{port: 0}]}}")
    done = console.call("apply", "-f", str(tmp_path))
    assert done.status == 1
    lines = done.err.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{tmp_path}/other.yaml"] * 2 + ["dnsd apply"]
    assert lines[-1] == "dnsd apply: nothing was sent: 2 faults, see above"
    assert console.endpoints() == {}


def test_what_the_server_refuses_is_said(console, file):
    file.write_text(file.read_text().replace("192.0.2.2", "224.0.0.1"))
    done = console.call("apply", "-f", str(file))
    assert done.status == 1
    assert "224.0.0.1" in done.err
    assert done.err.count("\n") == 1
    assert console.endpoints() == {}


def test_nothing_to_apply(console, file):
    file.write_text("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")
    done = console.call("apply", "-f", str(file))
    assert (done.status, done.out) == (0, "nothing to apply\n")


def test_a_large_file_goes_in_parts_with_progress(console, tmp_path):
    items = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"svc-{at}", "namespace": console.namespace}}
        for at in range(1001)
    ]
    file = tmp_path / "many.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    done = console.call("apply", "-f", str(file))
    assert done.out.splitlines()[-1] == "1,001 created"
    assert done.err.splitlines() == [
        "dnsd apply: part 1 of 2: 1,000 objects applied",
        "dnsd apply: part 2 of 2: 1 objects applied",
    ]
    names = [item["name"] for item in console.of("list", "--output", "json").document["items"]]
    assert sorted(names) == sorted(f"svc-{at}" for at in range(1001))


def test_a_part_that_fails_says_what_stands_already(console, tmp_path):
    def item(at: int) -> dict[str, object]:
        spec = {"clusterIP": "224.0.0.1"} if at == 1000 else {}
        metadata = {"name": f"svc-{at}", "namespace": console.namespace}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}

    file = tmp_path / "many.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [item(at) for at in range(1001)]}))
    done = console.call("apply", "-f", str(file))
    assert done.status == 1
    last = done.err.splitlines()[-1]
    assert last.startswith("dnsd apply: part 2 of 2: ")
    assert last.endswith("; the 1000 objects before it are applied")
