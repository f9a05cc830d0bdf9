"""Services and endpoints written as Kubernetes manifests, so that reading them again gives the same values.

Only what ``codec/manifest`` makes can be written: permanent endpoints whose id comes from their one address.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby

from dnsd.codec.manifest_service import (
    HEALTH_ANNOTATION,
    MIN_KEPT_ANNOTATION,
    SLOW_START_ANNOTATION,
    TTL_ANNOTATION,
    WHEN_EMPTY_ANNOTATION,
)
from dnsd.model.service import Endpoint, Port, Service, ServicePort


@dataclass(frozen=True, slots=True)
class Manifest:
    """A JSON manifest, and of how many of our objects it speaks."""

    document: dict[str, object]
    objects: int


def written(values: Iterable[Service | Endpoint]) -> Iterator[Manifest]:
    """One manifest for each service, and one for all the endpoints that share an address within a service.

    ``values`` are in the order of ``read_manifests``, which keeps such endpoints together.
    """
    for _, group in groupby(values, _unit):
        members = list(group)
        endpoints = [member for member in members if isinstance(member, Endpoint)]
        if endpoints:
            yield Manifest(_endpoints_manifest(endpoints), len(endpoints))
        else:
            yield from (Manifest(_service_manifest(member), 1) for member in members if isinstance(member, Service))


def _unit(value: Service | Endpoint) -> tuple[str, ...]:
    """What must be written as one manifest."""
    return value.key if isinstance(value, Service) else (*value.service_key, value.addresses[0])


def _service_manifest(service: Service) -> dict[str, object]:
    annotations = {
        TTL_ANNOTATION: str(service.ttl_seconds),
        WHEN_EMPTY_ANNOTATION: service.when_empty,
        SLOW_START_ANNOTATION: str(service.slow_start_seconds),
        MIN_KEPT_ANNOTATION: str(service.min_kept),
    }
    if service.health is not None:
        annotations[HEALTH_ANNOTATION] = json.dumps(asdict(service.health))
    spec: dict[str, object] = {
        "ports": [_service_port(port) for port in service.ports],
        "publishNotReadyAddresses": service.publish_not_ready,
    }
    if service.external_name is not None:
        spec |= {"type": "ExternalName", "externalName": service.external_name}
    elif service.cluster_ips:
        spec |= {"clusterIP": service.cluster_ips[0], "clusterIPs": list(service.cluster_ips)}
    else:
        spec |= {"clusterIP": "None"}
    metadata = {
        "name": service.name,
        "namespace": service.namespace,
        "labels": dict(service.labels),
        "annotations": annotations,
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _service_port(port: ServicePort) -> dict[str, object]:
    return _port(port) | ({} if port.target_port is None else {"targetPort": port.target_port})


def _port(port: Port | ServicePort) -> dict[str, object]:
    return {"name": port.name, "protocol": port.protocol, "port": port.port}


def _endpoints_manifest(endpoints: list[Endpoint]) -> dict[str, object]:
    """One subset an endpoint, in order: the reader numbers those of one address in this order again."""
    metadata = {"name": endpoints[0].service, "namespace": endpoints[0].namespace}
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": metadata,
        "subsets": [_subset(one) for one in endpoints],
    }


def _subset(endpoint: Endpoint) -> dict[str, object]:
    address = {"ip": endpoint.addresses[0]} | ({"hostname": endpoint.hostname} if endpoint.hostname else {})
    list_name = "addresses" if endpoint.ready else "notReadyAddresses"
    return {list_name: [address], "ports": [_port(port) for port in endpoint.ports]}
