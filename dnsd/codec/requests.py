"""Bodies that name many objects: heartbeats and batches. An operation's ``value`` is for ``document`` to read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from dnsd.codec.reading import read_shape
from dnsd.codec.shapes import Id, Label, Shape, Text
from dnsd.model.grant import PATTERN

Pattern = Annotated[str, Field(json_schema_extra={"pattern": f"^{PATTERN}$"})]
_ENDPOINT_BODY: dict[str, Any] = {"type": "object", "description": "the body of an endpoint's PUT"}


class KeyShape(Shape):
    """What identifies an endpoint."""

    namespace: Label
    service: Label
    id: Id


class RenewShape(Shape):
    """Body of many heartbeats."""

    endpoints: list[KeyShape]


class OperationShape(Shape):
    """One operation of a batch; a service's name stands in ``service``."""

    op: Literal["put", "patch", "delete", "drain", "undrain"]
    kind: Literal["service", "endpoint"]
    namespace: Label
    service: Label
    id: Id | None = None
    value: Annotated[Any, Field(json_schema_extra={"description": "the body of the PUT or PATCH"})] = None

    @property
    def has_value(self) -> bool:
        """True when the field was there, be it null."""
        return "value" in self.model_fields_set


class BatchShape(Shape):
    """Body of a batch."""

    operations: list[OperationShape]


class EndpointsShape(Shape):
    """All endpoints of a service by their ids, each as in its own PUT."""

    endpoints: dict[Id, Annotated[Any, Field(json_schema_extra=_ENDPOINT_BODY)]] = Field(
        json_schema_extra={"additionalProperties": False}
    )


class GrantShape(Shape):
    """Verbs on the services that match (``*``: any run of characters); ``addresses``: networks that may be registered,
    any but loopback when absent.
    """

    verbs: list[Literal["read", "register", "drain", "delete", "admin"]]
    namespace: Pattern = "*"
    service: Pattern = "*"
    addresses: list[str] | None = None


class TokenShape(Shape):
    """Body that makes a token; with ``subject``, of a client certificate, it has no secret."""

    name: Text
    grants: list[GrantShape]
    expires_seconds: int | None = None
    subject: Text | None = None


class RestoreShape(BaseModel):
    """Objects of a backup, as it wrote them."""

    items: list[dict[str, Any]]


def keys_in_document(document: object) -> list[KeyShape]:
    """The endpoints that a body of heartbeats names. Raises InvalidRecord with all faults."""
    return read_shape(RenewShape, document).endpoints


def operations_in_document(document: object) -> list[OperationShape]:
    """The operations of a batch, their values not yet read. Raises InvalidRecord with all faults."""
    return read_shape(BatchShape, document).operations


def endpoints_in_document(document: object) -> dict[str, Any]:
    """Bodies of endpoints by id, not yet read. Raises InvalidRecord with all faults."""
    return read_shape(EndpointsShape, document).endpoints
