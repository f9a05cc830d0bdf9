"""Services and endpoints as JSON: the bodies of the admin API, the objects it shows, and the store's own text.

Bodies from outside are strict and folded here (labels to lower case, addresses to their one spelling); every fault of
a body is reported at once, each with its JSON pointer (RFC 6901). The store's text is read by plain code: fast,
tolerant of fields that a newer dnsd wrote, and never trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from dnsd.codec.shapes import EndpointShape, PatchShape, ServiceShape, Shape
from dnsd.codec.stored import endpoint_from_stored, service_from_stored, stored_text
from dnsd.model import names
from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.service import Endpoint, Port, Service, ServicePort

__all__ = [
    "METADATA_OCTETS_MOST",
    "document_of",
    "endpoint_from_document",
    "endpoint_from_stored",
    "endpoint_patch",
    "folded",
    "patched_endpoint",
    "read_shape",
    "service_from_document",
    "service_from_stored",
    "stored_text",
]

METADATA_OCTETS_MOST = 1024

Refusal = Callable[[str], str | None]
"""Why an address in canonical text may not be registered, or None."""

S = TypeVar("S", bound=Shape)
V = TypeVar("V", Service, Endpoint)


def folded(label: str) -> str:
    """A label in lower case. Other alphabets stay as they are: U+212A would turn into a plain ``k``."""
    return label.lower() if label.isascii() else label


def service_from_document(document: object, namespace: str, name: str, refusal: Refusal | None = None) -> Service:
    """The service that a PUT body declares. Raises InvalidRecord with all faults."""
    reading = _read(ServiceShape, document)
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
            labels=shape.labels,
        )
    )


def endpoint_from_document(
    document: object,
    namespace: str,
    service: str,
    id: str,  # noqa: A002 (the field's own name)
    refusal: Refusal | None = None,
) -> Endpoint:
    """The endpoint that a PUT body registers. Raises InvalidRecord with all faults."""
    reading = _read(EndpointShape, document)
    shape = reading.shape
    placed = _placed_addresses(reading)
    reading.refuse(placed, refusal)
    reading.limit_metadata(shape.metadata)
    placed_ports = _placed_ports(shape)
    reading.pointers |= {f"/addresses/{index}": pointer for index, (pointer, _) in enumerate(placed)}
    reading.pointers |= {f"/ports/{index}": pointer for index, (pointer, _) in enumerate(placed_ports)}
    return reading.build(
        lambda: Endpoint(
            namespace=folded(namespace),
            service=folded(service),
            id=id,
            addresses=tuple(text for _, text in placed),
            ports=tuple(port for _, port in placed_ports),
            weight=shape.weight,
            priority=shape.priority,
            hostname=None if shape.hostname is None else folded(shape.hostname),
            ready=shape.ready,
            metadata=shape.metadata,
            lease_seconds=shape.lease_seconds,
        )
    )


def patched_endpoint(endpoint: Endpoint, document: object) -> Endpoint:
    """The endpoint with the fields of a PATCH body; ``metadata`` is replaced whole. Raises InvalidRecord."""
    reading = _read(PatchShape, document)
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
        "metadata": dict(endpoint.metadata),
        "lease_seconds": endpoint.lease_seconds,
        "revision": endpoint.revision,
    }


@dataclass
class _Reading(Generic[S]):
    """A body on its way to a value: what could be read, which fields could not, and all faults found so far."""

    shape: S
    faults: list[Fault]
    wrong: frozenset[str]
    pointers: dict[str, str]
    """From the model's pointer to the one that the writer of the body knows, where they differ."""

    def refuse(self, placed: list[tuple[str, str]], refusal: Refusal | None) -> None:
        """Note each address that may not be registered."""
        if refusal is not None:
            self.faults += [Fault(pointer, why) for pointer, text in placed if (why := refusal(text))]

    def limit_metadata(self, metadata: Mapping[str, str]) -> None:
        """Note metadata that is too large."""
        octets = sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items())
        if octets > METADATA_OCTETS_MOST:
            self.faults.append(Fault("/metadata", f"{octets} octets, at most {METADATA_OCTETS_MOST} are kept"))

    def build(self, birth: Callable[[], V]) -> V:
        """The value, or InvalidRecord with these faults and the value's own."""
        try:
            value = birth()
        except InvalidRecord as invalid:
            own = [fault for fault in invalid.faults if fault.pointer.split("/")[1] not in self.wrong]
            raise InvalidRecord(*self.faults, *(self._placed(fault) for fault in own)) from None
        if self.faults:
            raise InvalidRecord(*self.faults)
        return value

    def _placed(self, fault: Fault) -> Fault:
        parts = fault.pointer.split("/")
        return Fault(self.pointers.get("/".join(parts[:3]), fault.pointer), fault.reason)


def read_shape(shape: type[S], document: object) -> S:
    """The body in this shape. Raises InvalidRecord with all faults of shape."""
    try:
        return shape.model_validate(document)
    except ValidationError as invalid:
        raise InvalidRecord(*_shape_faults(shape, invalid)) from None


def _read(shape: type[S], document: object) -> _Reading[S]:
    """Read the body; where it has faults, read it again without the faulty fields to find those of the others too."""
    try:
        return _Reading(shape.model_validate(document), [], frozenset(), {})
    except ValidationError as invalid:
        faults = _shape_faults(shape, invalid)
        wrong = frozenset(str(error["loc"][0]) for error in invalid.errors() if error["loc"])
    if not isinstance(document, dict):
        raise InvalidRecord(*faults)
    sound = {field: given for field, given in document.items() if field in shape.model_fields and field not in wrong}
    return _Reading(shape.model_validate(sound), faults, wrong, {})


def _shape_faults(shape: type[Shape], invalid: ValidationError) -> list[Fault]:
    return [_fault(shape, error) for error in invalid.errors(include_url=False)]


def _fault(shape: type[Shape], error: Any) -> Fault:
    place = list(error["loc"])
    if shape is EndpointShape and place[:1] == ["ports"]:
        del place[1:2]  # pydantic puts the name of the form chosen (PORTS_BY_NAME, PORTS_LISTED) there
    if place[2:] and place[-1] == "[key]":
        del place[-1]  # pydantic's word for "the key itself is wrong"
    reason = str(error["ctx"]["error"]) if error["type"] == "value_error" else error["msg"]
    return Fault("".join(f"/{_escaped(step)}" for step in place), _REASONS.get(error["type"], reason))


def _escaped(step: str | int) -> str:
    """One step of a JSON pointer (RFC 6901 3)."""
    return str(step).replace("~", "~0").replace("/", "~1")


_REASONS = {
    "extra_forbidden": "unknown field",
    "missing": "is missing",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be a string",
    "dict_type": "must be a JSON object",
    "list_type": "must be a list",
}


def _placed_addresses(reading: _Reading[EndpointShape]) -> list[tuple[str, str]]:
    """(pointer, canonical address) for each address given; none, and the fault noted, unless in exactly one form."""
    given = (reading.shape.model_fields_set | reading.wrong) & {"address", "addresses"}
    if len(given) != 1:
        reading.faults.append(Fault("/address", "give exactly one of address and addresses"))
        reading.wrong |= {"addresses"}
        return []
    if reading.wrong & given:
        reading.wrong |= {"addresses"}
        return []
    if "address" in given:
        return [("/address", _canonical(reading.shape.address))]
    return [(f"/addresses/{index}", _canonical(text)) for index, text in enumerate(reading.shape.addresses)]


def _placed_ports(shape: EndpointShape) -> list[tuple[str, Port]]:
    """(pointer, port) for each port given."""
    if isinstance(shape.ports, dict):
        return [(f"/ports/{_escaped(name)}", Port(folded(name), "TCP", number)) for name, number in shape.ports.items()]
    return [
        (f"/ports/{index}", Port(folded(port.name), port.protocol, port.port)) for index, port in enumerate(shape.ports)
    ]


def _canonical(text: str) -> str:
    """The one spelling of an address; what is none stays as it is, for the value to refuse."""
    try:
        return names.canonical_address(text)
    except ValueError:
        return text


def _folded_target(target: str | int | None) -> str | int | None:
    return folded(target) if isinstance(target, str) else target
