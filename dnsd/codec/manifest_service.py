"""A Kubernetes v1 Service into our Service.

Annotations say what Kubernetes has no field for: ``dnsd/ttl-seconds``, ``dnsd/when-empty``,
``dnsd/slow-start-seconds``, ``dnsd/min-kept`` and ``dnsd/health`` (JSON, as in the API).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

from dnsd.codec.document import folded, health_check
from dnsd.codec.manifest_fields import Fields, relocated
from dnsd.codec.reading import read_shape
from dnsd.codec.shapes import HealthShape
from dnsd.model import names
from dnsd.model.errors import InvalidRecord
from dnsd.model.health import HealthCheck
from dnsd.model.service import TTL_SECONDS_DEFAULT, Protocol, Service, ServicePort, WhenEmpty

NAMESPACE_DEFAULT = "default"
ANNOTATION_PREFIX = "dnsd/"
TTL_ANNOTATION = "dnsd/ttl-seconds"
SLOW_START_ANNOTATION = "dnsd/slow-start-seconds"
MIN_KEPT_ANNOTATION = "dnsd/min-kept"
WHEN_EMPTY_ANNOTATION = "dnsd/when-empty"
HEALTH_ANNOTATION = "dnsd/health"
ANNOTATIONS = (TTL_ANNOTATION, WHEN_EMPTY_ANNOTATION, SLOW_START_ANNOTATION, MIN_KEPT_ANNOTATION, HEALTH_ANNOTATION)
WHEN_EMPTY_OF_MANIFESTS: WhenEmpty = "nxdomain"
"""What the Kubernetes DNS specification wants of a headless service without endpoints."""

_SERVICE_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_HEADLESS = ("", "None")


def service_from(manifest: Fields) -> Service | None:
    """The Service that a v1 Service describes; None when it has faults, which its findings then hold."""
    metadata, spec = manifest.fields("metadata"), manifest.fields("spec")
    is_external = _service_type(spec) == "ExternalName"
    ports = [made for port in spec.each("ports") if (made := _service_port(port))]
    cluster_ips = [] if is_external else _cluster_ips(spec)
    for pointer, address in cluster_ips:
        spec.subject.check_address(pointer, address, spec.line)
    external_name = _external_name(spec) if is_external else None
    annotations = _annotations(metadata)
    ttl_seconds = _number(annotations, TTL_ANNOTATION, TTL_SECONDS_DEFAULT)
    when_empty = annotations.text(WHEN_EMPTY_ANNOTATION)
    slow_start_seconds = _number(annotations, SLOW_START_ANNOTATION, 0)
    min_kept = _number(annotations, MIN_KEPT_ANNOTATION, 0)
    health = _health(annotations)
    places = _places(metadata, spec, annotations)
    places |= {"ports": [pointer for pointer, _ in ports], "cluster_ips": [pointer for pointer, _ in cluster_ips]}
    return manifest.subject.make(
        lambda: Service(
            namespace=namespace_of(metadata),
            name=name_of(metadata),
            ports=tuple(port for _, port in ports),
            cluster_ips=tuple(address for _, address in cluster_ips),
            external_name=external_name,
            ttl_seconds=ttl_seconds,
            when_empty=cast(WhenEmpty, when_empty or WHEN_EMPTY_OF_MANIFESTS),
            publish_not_ready=spec.flag("publishNotReadyAddresses", default=False),
            labels=metadata.fields("labels").text_map(),
            slow_start_seconds=slow_start_seconds,
            min_kept=min_kept,
            health=health,
        ),
        lambda pointer: relocated(pointer, places),
        manifest.line,
    )


def name_of(metadata: Fields) -> str:
    """The object's name, folded; a missing one is a fault."""
    name = folded(metadata.text("name"))
    if not name and metadata.given("name") in (None, ""):
        metadata.fault("name", "is missing")
    return name or "nameless"


def namespace_of(metadata: Fields) -> str:
    """The object's namespace, folded; ``default`` when it has none."""
    return folded(metadata.text("namespace")) or NAMESPACE_DEFAULT


def port_name_of(port: Fields) -> str:
    """A port's name, folded; "" when it has none."""
    return folded(port.text("name"))


def protocol_of(port: Fields) -> Protocol:
    """TCP unless the port says otherwise; the model refuses what is no protocol."""
    return cast(Protocol, port.text("protocol").upper() or "TCP")


def port_number_of(port: Fields) -> int | None:
    """The number of a port, which must be there; None when it is wrong, and then a fault."""
    if port.given("port") is None:
        port.fault("port", "is missing")
    return port.number("port")


def folded_address(text: str) -> str:
    """The canonical spelling of an address; what is none is left for the model to refuse."""
    try:
        return names.canonical_address(text)
    except ValueError:
        return text


def _places(metadata: Fields, spec: Fields, annotations: Fields) -> dict[str, str | Sequence[str]]:
    """Where the manifest has each field of a Service that is no list."""
    return {
        "namespace": metadata.at("namespace"),
        "name": metadata.at("name"),
        "external_name": spec.at("externalName"),
        "ttl_seconds": annotations.at(TTL_ANNOTATION),
        "when_empty": annotations.at(WHEN_EMPTY_ANNOTATION),
        "slow_start_seconds": annotations.at(SLOW_START_ANNOTATION),
        "min_kept": annotations.at(MIN_KEPT_ANNOTATION),
        "health": annotations.at(HEALTH_ANNOTATION),
    }


def _service_type(spec: Fields) -> str:
    kind = spec.text("type") or "ClusterIP"
    if kind not in _SERVICE_TYPES:
        spec.fault("type", f"{kind!r} is none of {', '.join(_SERVICE_TYPES)}")
    return kind


def _service_port(port: Fields) -> tuple[str, ServicePort] | None:
    name, protocol, number, target_port = (
        port_name_of(port),
        protocol_of(port),
        port_number_of(port),
        _target_port(port),
    )
    return None if number is None else (port.pointer, ServicePort(name, protocol, number, target_port))


def _target_port(port: Fields) -> str | int | None:
    """A name or a number. None, "" and 0 mean the same port, as Kubernetes' defaulting has it."""
    given = port.given("targetPort")
    if not isinstance(given, str):
        return port.number("targetPort") or None
    name = folded(given)
    if name.isdigit():
        port.fault("targetPort", f"{given!r} is a name here; write the number without quotes")
    return name or None


def _cluster_ips(spec: Fields) -> list[tuple[str, str]]:
    """The cluster IPs, each with its pointer; none when headless. Kubernetes repeats the first in ``clusterIP``."""
    first, listed = spec.text("clusterIP"), spec.texts("clusterIPs")
    if not listed:
        return [] if first in _HEADLESS else [(spec.at("clusterIP"), folded_address(first))]
    if first and first != listed[0][1]:
        spec.fault("clusterIPs", f"begins with {listed[0][1]!r}, but clusterIP is {first!r}")
    return [(pointer, folded_address(text)) for pointer, text in listed if text not in _HEADLESS]


def _external_name(spec: Fields) -> str | None:
    name = folded(spec.text("externalName"))
    if not name and spec.given("externalName") in (None, ""):
        spec.fault("externalName", "is missing, and type is ExternalName")
    return name or None


def _annotations(metadata: Fields) -> Fields:
    annotations = metadata.fields("annotations")
    for name in annotations.names():
        if name.startswith(ANNOTATION_PREFIX) and name not in ANNOTATIONS:
            annotations.fault(name, f"is not known; there are {', '.join(ANNOTATIONS)}")
    return annotations


def _health(annotations: Fields) -> HealthCheck | None:
    text = annotations.text(HEALTH_ANNOTATION)
    if not text:
        return None
    try:
        return health_check(read_shape(HealthShape, json.loads(text)))
    except (ValueError, RecursionError) as fault:
        annotations.fault(HEALTH_ANNOTATION, f"must be JSON: {fault}")
    except InvalidRecord as invalid:
        annotations.fault(HEALTH_ANNOTATION, str(invalid))
    return None


def _number(annotations: Fields, annotation: str, default: int) -> int:
    """Kubernetes wants annotations to be text, so the number is read from text; a bare number is understood too."""
    given = annotations.given(annotation)
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= 9:
        return int(given)
    if isinstance(given, str):
        annotations.fault(annotation, f"must be a whole number, not {given[:80]!r}")
        return default
    number = annotations.number(annotation)
    return default if number is None else number
