"""Kubernetes manifests as people have them: read whole, or refused whole with every fault."""

import json
import time

import pytest

from dnsd.codec.manifest import read_manifests
from dnsd.codec.manifest_fields import FAULTS_MOST, NOTES_MOST
from dnsd.model.errors import InvalidRecord
from dnsd.model.service import Endpoint, Service, ServicePort

FIRST_LIGHT = """\
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

KUBECTL_GET = """\
apiVersion: v1
items:
- apiVersion: v1
  kind: Service
  metadata:
    annotations:
      kubectl.kubernetes.io/last-applied-configuration: |
        {"apiVersion":"v1","kind":"Service"}
    creationTimestamp: 2024-03-01T09:30:00Z
    labels: {app: web}
    managedFields:
    - apiVersion: v1
      fieldsType: FieldsV1
      fieldsV1: {"f:spec": {"f:ports": {".": {}, "k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}": {".": {}}}}}
      manager: kubectl
      time: 2024-03-01T09:30:00Z
    name: web
    namespace: shop
    resourceVersion: "5177"
    uid: 0b6f2c1e-0000-4000-8000-000000000000
  spec:
    clusterIP: 10.96.12.7
    clusterIPs: [10.96.12.7]
    internalTrafficPolicy: Cluster
    ipFamilies: [IPv4]
    ports: [{name: http, nodePort: 30080, port: 80, protocol: TCP, targetPort: http}]
    sessionAffinity: None
    type: NodePort
  status: {loadBalancer: {}}
- apiVersion: v1
  kind: Endpoints
  metadata: {name: web, namespace: shop}
  subsets:
  - addresses: [{ip: 10.1.2.3, nodeName: n1, targetRef: {kind: Pod, name: web-abc}}]
    notReadyAddresses: [{ip: 10.1.2.4}]
    ports: [{name: http, port: 8080, protocol: TCP}]
kind: List
metadata: {resourceVersion: ""}
"""

NO_LABEL = "is not a label: 1 to 63 of a-z 0-9 -, no dash at either end (RFC 1123)"


def faults_of(text: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRecord) as refusal:
        read_manifests(text)
    return [(fault.pointer, fault.reason) for fault in refusal.value.faults]


def test_the_two_services_of_first_light_work_as_they_stand():
    read = read_manifests(FIRST_LIGHT)
    assert read.notes == ()
    assert read.values == (
        Service(
            "default",
            "web-server-service",
            (ServicePort("web-server", "TCP", 80, "web-server-port"),),
            when_empty="nxdomain",
        ),
        Service(
            "default",
            "gin-demo",
            (ServicePort("http", "TCP", 8080, 8080),),
            when_empty="nxdomain",
            labels={"app": "gin-demo"},
        ),
    )


def test_what_kubectl_get_prints_is_read_unchanged():
    service, ready, waiting = read_manifests(KUBECTL_GET).values
    assert isinstance(service, Service)
    assert (service.key, service.cluster_ips, service.ports) == (
        ("shop", "web"),
        ("10.96.12.7",),
        (ServicePort("http", "TCP", 80, "http"),),
    )
    assert isinstance(ready, Endpoint)
    assert isinstance(waiting, Endpoint)
    assert (ready.id, ready.ready, ready.lease_seconds) == ("10.1.2.3", True, None)
    assert (waiting.id, waiting.ready) == ("10.1.2.4", False)


def test_json_says_the_same_as_yaml_also_as_octets_and_as_documents_in_a_row():
    plain = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    other = plain | {"metadata": {"name": "db"}}
    in_a_row = f"{json.dumps(plain, indent=1)}\n{json.dumps(other)}\n".encode()
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": [plain, other]})
    assert read_manifests(in_a_row).values == read_manifests(listed).values
    assert [value.key for value in read_manifests(listed).values] == [("default", "web"), ("default", "db")]


def test_the_items_of_a_typed_list_need_not_say_their_kind():
    text = json.dumps({"apiVersion": "v1", "kind": "ServiceList", "items": [{"metadata": {"name": "web"}}]})
    assert [value.key for value in read_manifests(text).values] == [("default", "web")]


def test_a_namespace_is_accepted_and_makes_nothing():
    assert read_manifests("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}").values == ()
    assert [pointer for pointer, _ in faults_of("{apiVersion: v1, kind: Namespace, metadata: {name: a.b}}")] == [
        "/documents/0/metadata/name"
    ]


def test_other_kinds_are_named_and_skipped():
    read = read_manifests(
        f"{FIRST_LIGHT}---\n"
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}\n---\n"
        "{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: fn, namespace: shop}}\n"
    )
    assert len(read.values) == 2
    assert read.notes == (
        "document 2: Deployment web is not for dnsd, skipped",
        "document 3: Service shop/fn is serving.knative.dev/v1, dnsd reads v1, skipped",
    )


def test_a_text_without_manifests_means_nothing():
    for text in ("", "---\n---\n", "# only a comment\n", "{apiVersion: v1, kind: List, items: []}"):
        assert read_manifests(text).values == ()


def test_every_fault_of_every_document_is_named_with_place_object_and_line():
    assert faults_of(
        FIRST_LIGHT
        + "---\napiVersion: v1\nkind: Service\nmetadata: {name: Web_1, namespace: shop}\n"
        + "spec:\n  ports:\n  - {port: 70000}\n  - {port: '80'}\n  - {name: x}\n"
        + "---\n{kind: Service}\n---\n[1, 2]\n---\nkey: [\n"
    ) == [
        ("/documents/2/spec/ports/1/port", "must be a whole number, not '80' (Service shop/Web_1, line 17)"),
        ("/documents/2/spec/ports/2/port", "is missing (Service shop/Web_1, line 18)"),
        (
            "/documents/2/metadata/name",
            f"'web_1' {NO_LABEL} (Service shop/Web_1, line 11)",
        ),
        ("/documents/2/spec/ports/0/port", "70000 is not in 1 to 65535 (Service shop/Web_1, line 11)"),
        ("/documents/3/apiVersion", "is missing (Service, line 20)"),
        ("/documents/4", "a manifest is a mapping (document, line 22)"),
        (
            "/documents/5",
            "line 25, column 1: did not find expected node content (while parsing a flow node begun on line 25)",
        ),
    ]


def test_one_wrong_document_refuses_the_good_ones_too():
    assert faults_of(f"{FIRST_LIGHT}---\n{{apiVersion: v1, kind: Service, spec: {{ports: [{{port: 0}}]}}}}") == [
        ("/documents/2/metadata/name", "is missing (Service, line 11)"),
        ("/documents/2/spec/ports/0/port", "0 is not in 1 to 65535 (Service, line 11)"),
    ]


def test_the_later_of_two_services_counts_and_a_note_says_so():
    template = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: NUMBER}]}}"
    first, second = template.replace("NUMBER", "1"), template.replace("NUMBER", "2")
    read = read_manifests(f"{first}\n---\n{second}\n")
    assert read.values == (Service("default", "web", (ServicePort("", "TCP", 2),), when_empty="nxdomain"),)
    assert read.notes == ("document 1: Service web stands twice, the later one counts",)


def test_lists_in_lists_have_an_end():
    text = "{apiVersion: v1, kind: Service, metadata: {name: web}}"
    for _ in range(4):
        text = f"{{apiVersion: v1, kind: List, items: [{text}]}}"
    assert len(read_manifests(text).values) == 1
    ((pointer, reason),) = faults_of(f"{{apiVersion: v1, kind: List, items: [{text}]}}")
    assert pointer == "/documents/0/items/0/items/0/items/0/items/0"
    assert "more than 4 deep" in reason


def test_faults_and_notes_of_a_long_text_are_bounded():
    faults = faults_of("---\n{apiVersion: v1, kind: Service}\n" * (FAULTS_MOST + 5))
    assert len(faults) == FAULTS_MOST + 1
    assert faults[-1] == ("/documents", "5 more faults are not shown")
    notes = read_manifests("---\n{apiVersion: v1, kind: Pod}\n" * (NOTES_MOST + 5)).notes
    assert len(notes) == NOTES_MOST + 1
    assert notes[-1] == "5 more notes are not shown"


def services_yaml(count: int) -> str:
    """As ``kubectl get services -o yaml`` would give each, as one document."""
    return "".join(
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: svc-{at}\n  namespace: ns-{at % 10}\n"
        f"  resourceVersion: '{at}'\n  creationTimestamp: 2024-01-01T00:00:00Z\n  labels:\n    app: svc-{at}\n"
        f"spec:\n  clusterIP: None\n  clusterIPs:\n  - None\n  type: ClusterIP\n  ports:\n  - name: http\n"
        f"    port: 80\n    protocol: TCP\n    targetPort: http\n  selector:\n    app: svc-{at}\n---\n"
        for at in range(count)
    )


def test_ten_thousand_services_in_one_file_are_read_in_linear_time():
    started = time.process_time()
    few = read_manifests(services_yaml(1_000)).values
    between = time.process_time()
    many = read_manifests(services_yaml(10_000)).values
    ended = time.process_time()
    assert (len(few), len(many)) == (1_000, 10_000)
    assert ended - between < 25 * (between - started)
