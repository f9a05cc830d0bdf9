"""What is written as manifests reads back as the same values."""

import json
from dataclasses import replace

from dnsd.codec.manifest import read_manifests
from dnsd.codec.manifest_writer import written
from dnsd.model.health import HealthCheck
from dnsd.model.service import Service, ServicePort

TEXT = """
apiVersion: v1
kind: Service
metadata:
  {name: web, namespace: shop, labels: {app: web}, annotations:
  {dnsd/ttl-seconds: "30", dnsd/when-empty: servfail, dnsd/slow-start-seconds: "20", dnsd/min-kept: "2"}}
spec:
  clusterIPs: [10.96.0.1, fd00::1]
  publishNotReadyAddresses: true
  ports: [{name: http, port: 80, targetPort: web}, {name: dns, port: 53, protocol: UDP, targetPort: 5353}, {port: 7}]
---
{apiVersion: v1, kind: Service, metadata: {name: ext}, spec: {type: ExternalName, externalName: db.example.com}}
---
{apiVersion: v1, kind: Service, metadata: {name: bare}}
---
apiVersion: v1
kind: Endpoints
metadata: {name: web, namespace: shop}
subsets:
- addresses: [{ip: 10.0.0.1}, {ip: fd00::2, hostname: web-0}]
  notReadyAddresses: [{ip: 10.0.0.2}]
  ports: [{name: http, port: 8001}]
- addresses: [{ip: 10.0.0.1}]
  ports: [{name: http, port: 8002}]
- addresses: [{ip: 10.0.0.1}]
  ports: [{name: admin, port: 9000}]
"""


def test_services_and_endpoints_survive_the_round_trip():
    values = read_manifests(TEXT).values
    manifests = list(written(values))
    assert [manifest.objects for manifest in manifests] == [1, 1, 1, 2, 1, 1]
    items = [manifest.document for manifest in manifests]
    again = read_manifests(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    assert again.values == values
    assert again.notes == ()


def test_each_manifest_stands_alone_so_that_any_cut_between_them_is_harmless():
    values = read_manifests(TEXT).values
    alone = [read_manifests(json.dumps(manifest.document)).values for manifest in written(values)]
    assert tuple(value for part in alone for value in part) == values


def test_services_that_differ_in_one_field_stay_different():
    bare = Service("default", "web", (ServicePort("", "TCP", 1, None),), when_empty="nodata", ttl_seconds=0)
    (manifest,) = written([bare])
    checked = replace(bare, health=HealthCheck("http", "admin", "/ready", 5, 1, 1, 2))
    (written_check,) = written([checked])
    assert read_manifests(json.dumps(written_check.document)).values == (checked,)
    assert read_manifests(json.dumps(manifest.document)).values == (bare,)
