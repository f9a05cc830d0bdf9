"""The operations of a batch and the keys of many heartbeats, from their bodies; every fault with its place."""

from __future__ import annotations

from dnsd.admin.failures import TooLarge
from dnsd.admin.paths import checked_endpoint_key, checked_service_key
from dnsd.codec.document import Refusal, endpoint_from_document, endpoint_patch, service_from_document
from dnsd.codec.reading import escaped
from dnsd.codec.requests import OperationShape, endpoints_in_document, keys_in_document, operations_in_document
from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.service import Endpoint, EndpointKey, ServiceKey
from dnsd.registry.services import Delete, Edit, Mark, Operation, Put

OPERATIONS_MOST = 1000


def keys_from_document(document: object) -> list[EndpointKey]:
    """The endpoints to be renewed, each once. Raises InvalidRecord, TooLarge."""
    _limit(document, "endpoints")
    keys: dict[EndpointKey, None] = {}
    faults: list[Fault] = []
    for index, shape in enumerate(keys_in_document(document)):
        try:
            keys[checked_endpoint_key(shape.namespace, shape.service, shape.id, f"/endpoints/{index}")] = None
        except InvalidRecord as invalid:
            faults += invalid.faults
    if faults:
        raise InvalidRecord(*faults)
    return list(keys)


def operations_from_document(document: object, refusal: Refusal) -> list[Operation]:
    """The operations of a batch, in order. Raises InvalidRecord with the faults of all of them, TooLarge."""
    _limit(document, "operations")
    operations: list[Operation] = []
    faults: list[Fault] = []
    for index, shape in enumerate(operations_in_document(document)):
        try:
            operations.append(_operation(shape, f"/operations/{index}", refusal))
        except InvalidRecord as invalid:
            faults += invalid.faults
    if faults:
        raise InvalidRecord(*faults)
    if not operations:
        raise InvalidRecord(Fault("/operations", "is empty"))
    return operations


def endpoints_from_document(document: object, key: ServiceKey, refusal: Refusal) -> list[Endpoint]:
    """All endpoints that a service shall have, by id. Raises InvalidRecord with the faults of all of them, TooLarge."""
    given = endpoints_in_document(document)
    if len(given) > OPERATIONS_MOST:
        raise TooLarge(f"at most {OPERATIONS_MOST} endpoints in one call")
    endpoints: list[Endpoint] = []
    faults: list[Fault] = []
    for identifier, value in given.items():
        at = f"/endpoints/{escaped(identifier)}"
        try:
            endpoint = endpoint_from_document(value, *checked_endpoint_key(*key, identifier, at), refusal)
        except InvalidRecord as invalid:
            is_placed = all(fault.pointer.startswith(at) for fault in invalid.faults)
            faults += (invalid if is_placed else _below(at, invalid)).faults
        else:
            endpoints.append(endpoint)
    if faults:
        raise InvalidRecord(*faults)
    return endpoints


def _limit(document: object, field: str) -> None:
    given = document.get(field) if isinstance(document, dict) else None
    if isinstance(given, list) and len(given) > OPERATIONS_MOST:
        raise TooLarge(f"at most {OPERATIONS_MOST} {field} in one call")


def _operation(shape: OperationShape, at: str, refusal: Refusal) -> Operation:
    needs_value = shape.op in ("put", "patch")
    if needs_value != shape.has_value:
        raise InvalidRecord(
            Fault(f"{at}/value", f"{shape.op} needs a value" if needs_value else "goes with put and patch")
        )
    if shape.kind == "service":
        return _service_operation(shape, at, refusal)
    return _endpoint_operation(shape, at, refusal)


def _service_operation(shape: OperationShape, at: str, refusal: Refusal) -> Operation:
    if shape.id is not None:
        raise InvalidRecord(Fault(f"{at}/id", "a service has no id; its name is in service"))
    key = checked_service_key(shape.namespace, shape.service, at)
    if shape.op == "delete":
        return Delete(key)
    if shape.op != "put":
        raise InvalidRecord(Fault(f"{at}/op", f"{shape.op} is for endpoints; a service takes put and delete"))
    try:
        return Put(service_from_document(shape.value, *key, refusal))
    except InvalidRecord as invalid:
        raise _below(f"{at}/value", invalid) from None


def _endpoint_operation(shape: OperationShape, at: str, refusal: Refusal) -> Operation:
    if shape.id is None:
        raise InvalidRecord(Fault(f"{at}/id", "is missing"))
    key = checked_endpoint_key(shape.namespace, shape.service, shape.id, at)
    if shape.op == "delete":
        return Delete(key)
    if shape.op in ("drain", "undrain"):
        return Mark(key, "x" if shape.op == "drain" else "-")
    try:
        if shape.op == "put":
            return Put(endpoint_from_document(shape.value, *key, refusal))
        return Edit(key, endpoint_patch(shape.value))
    except InvalidRecord as invalid:
        raise _below(f"{at}/value", invalid) from None


def _below(at: str, invalid: InvalidRecord) -> InvalidRecord:
    return InvalidRecord(*(Fault(at + fault.pointer, fault.reason) for fault in invalid.faults))
