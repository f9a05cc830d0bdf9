"""Services and endpoints as JSON: the bodies of the admin API, the objects it shows, and the store's own text.

Bodies from outside are strict and folded here (labels to lower case, addresses to their one spelling); every fault of
a body is reported at once, each with its JSON pointer (RFC 6901). The store's text is read by plain code: fast,
tolerant of fields that a newer dnsd wrote, and never trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

from dnsd.codec.reading import Reading, Refusal, escaped, read
from dnsd.codec.shapes import EndpointShape, HealthShape, PatchShape, ServiceShape
from dnsd.codec.stored import NO_TEXTS, endpoint_from_stored, service_from_stored, stored_text
from dnsd.model import names
from dnsd.model.errors import Fault
from dnsd.model.health import HealthCheck
from dnsd.model.service import Endpoint, Port, Service, ServicePort

__all__ = [
    "Refusal",
    "document_of",
    "endpoint_from_document",
    "endpoint_from_stored",
    "endpoint_patch",
    "folded",
    "patched_endpoint",
    "service_from_document",
    "service_from_stored",
    "stored_text",
]


def folded(label: str) -> str:
    """A label in lower case. Other alphabets stay as they are: U+212A would turn into a plain ``k``."""
    return label.lower() if label.isascii() else label


def service_from_document(document: object, namespace: str, name: str, refusal: Refusal | None = None) -> Service:
    """The service that a PUT body declares. Raises InvalidRecord with all faults."""
    reading = read(ServiceShape, document)
    shape = reading.shape
    addresses = [] if shape.cluster_ips == ["None"] else [_canonical(text) for text in shape.cluster_ips]
    reading.refuse([(f"/cluster_ips/{index}", text) for index, text in enumerate(addresses)], refusal)
    ports = [
        ServicePort(folded(port.name), port.protocol, port.port, _folded_target(port.target_port))
        for port in shape.ports
    ]
    return reading.build(
        lambda: Service(
            namespace=folded(namespace),
            name=folded(name),
            ports=tuple(ports),
            cluster_ips=tuple(addresses),
            external_name=shape.external_name and folded(shape.external_name),
            ttl_seconds=shape.ttl_seconds,
            when_empty=shape.when_empty,
            publish_not_ready=shape.publish_not_ready,
            slow_start_seconds=shape.slow_start_seconds,
            min_kept=shape.min_kept,
            health=None if shape.health is None else health_check(shape.health),
            labels=shape.labels,
        )
    )


def health_check(shape: HealthShape) -> HealthCheck:
    """The check that a body asks for."""
    told = shape.model_dump()
    return HealthCheck(**{**told, "port": folded(shape.port)})


def endpoint_from_document(
    document: object,
    namespace: str,
    service: str,
    id: str,  # noqa: A002 (the field's own name)
    refusal: Refusal | None = None,
) -> Endpoint:
    """The endpoint that a PUT body registers. Raises InvalidRecord with all faults."""
    reading = read(EndpointShape, document)
    shape = reading.shape
    placed = _placed_addresses(reading)
    reading.refuse(placed, refusal)
    reading.limit_metadata(shape.metadata)
    port_pointers, ports = _placed_ports(shape)

    def known_as() -> Mapping[str, str]:
        named = {"addresses": [pointer for pointer, _ in placed], "ports": port_pointers}
        return {f"/{field}/{at}": pointer for field, given in named.items() for at, pointer in enumerate(given)}

    return reading.build(
        lambda: Endpoint(
            namespace=folded(namespace),
            service=folded(service),
            id=id,
            addresses=tuple([text for _, text in placed]),
            ports=ports,
            weight=shape.weight,
            priority=shape.priority,
            hostname=None if shape.hostname is None else folded(shape.hostname),
            ready=shape.ready,
            metadata=shape.metadata or NO_TEXTS,
            lease_seconds=shape.lease_seconds,
        ),
        known_as,
    )


def patched_endpoint(endpoint: Endpoint, document: object) -> Endpoint:
    """The endpoint with the fields of a PATCH body; ``metadata`` is replaced whole. Raises InvalidRecord."""
    reading = read(PatchShape, document)
    reading.limit_metadata(reading.shape.metadata)
    changed: dict[str, Any] = reading.shape.model_dump(exclude_unset=True)
    return reading.build(lambda: replace(endpoint, **changed))


def endpoint_patch(document: object) -> Callable[[Endpoint], Endpoint]:
    """A PATCH body as an edit for later, its faults found now. Raises InvalidRecord."""
    patched_endpoint(Endpoint("any", "any", "any", ("192.0.2.1",)), document)
    return lambda endpoint: patched_endpoint(endpoint, document)


def document_of(value: Service | Endpoint) -> dict[str, object]:
    """The object as the API and the command line show it."""
    return _service_document(value) if isinstance(value, Service) else _endpoint_document(value)


def _service_document(service: Service) -> dict[str, object]:
    return {
        "kind": "service",
        "namespace": service.namespace,
        "name": service.name,
        "ports": [
            {"name": port.name, "protocol": port.protocol, "port": port.port, "target_port": port.target_port}
            for port in service.ports
        ],
        "cluster_ips": list(service.cluster_ips),
        "external_name": service.external_name,
        "ttl_seconds": service.ttl_seconds,
        "when_empty": service.when_empty,
        "publish_not_ready": service.publish_not_ready,
        "slow_start_seconds": service.slow_start_seconds,
        "min_kept": service.min_kept,
        "health": None if service.health is None else asdict(service.health),
        "labels": dict(service.labels),
        "declared": service.declared,
        "revision": service.revision,
    }


def _endpoint_document(endpoint: Endpoint) -> dict[str, object]:
    return {
        "kind": "endpoint",
        "namespace": endpoint.namespace,
        "service": endpoint.service,
        "id": endpoint.id,
        "addresses": list(endpoint.addresses),
        "ports": [{"name": port.name, "protocol": port.protocol, "port": port.port} for port in endpoint.ports],
        "weight": endpoint.weight,
        "priority": endpoint.priority,
        "hostname": endpoint.hostname,
        "ready": endpoint.ready,
        "draining": endpoint.draining,
        "failing": endpoint.failing,
        "metadata": dict(endpoint.metadata),
        "lease_seconds": endpoint.lease_seconds,
        "revision": endpoint.revision,
    }


def _placed_addresses(reading: Reading[EndpointShape]) -> list[tuple[str, str]]:
    """(pointer, canonical address) for each address given; none, and the fault noted, unless in exactly one form."""
    given = reading.shape.model_fields_set | reading.wrong
    is_one = "address" in given
    if is_one == ("addresses" in given):
        reading.faults.append(Fault("/address", "give exactly one of address and addresses"))
        reading.wrong |= {"addresses"}
        return []
    if reading.wrong & {"address", "addresses"}:
        reading.wrong |= {"addresses"}
        return []
    if is_one:
        return [("/address", _canonical(reading.shape.address))]
    return [(f"/addresses/{index}", _canonical(text)) for index, text in enumerate(reading.shape.addresses)]


def _placed_ports(shape: EndpointShape) -> tuple[Sequence[str], tuple[Port, ...]]:
    """The pointers of the ports given, and the ports."""
    if isinstance(shape.ports, dict):
        return _named_ports(tuple(shape.ports.items()))
    pointers = [f"/ports/{index}" for index in range(len(shape.ports))]
    return pointers, tuple([Port(folded(port.name), port.protocol, port.port) for port in shape.ports])


@lru_cache(maxsize=4096)
def _named_ports(ports: tuple[tuple[str, int], ...]) -> tuple[Sequence[str], tuple[Port, ...]]:
    """The same of the short form, made once: nearly all endpoints of a service have the same ports."""
    pointers = tuple([f"/ports/{escaped(name)}" for name, _ in ports])
    return pointers, tuple([Port(folded(name), "TCP", number) for name, number in ports])


def _canonical(text: str) -> str:
    """The one spelling of an address; what is none stays as it is, for the value to refuse."""
    try:
        return names.canonical_address(text)
    except ValueError:
        return text


def _folded_target(target: str | int | None) -> str | int | None:
    return folded(target) if isinstance(target, str) else target
