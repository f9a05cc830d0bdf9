"""The shapes of the admin API's bodies: field names, types and defaults. The rules of the values stand in ``model``.

Invariant: every field of an outermost shape has a default, so that a body without its faulty fields can still be read.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from dnsd.model.lease import LEASE_SECONDS_DEFAULT
from dnsd.model.service import TTL_SECONDS_DEFAULT, WEIGHT_DEFAULT, Protocol, WhenEmpty

ADDRESSES_MOST = 100
PORTS_MOST = 100

PORTS_BY_NAME = "object"
PORTS_LISTED = "array"


def _upper(given: object) -> object:
    return given.upper() if isinstance(given, str) else given


def _form_of_ports(given: Any) -> str:
    return PORTS_BY_NAME if isinstance(given, dict) else PORTS_LISTED


def _encodable(given: str) -> str:
    try:
        given.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is no character (RFC 8259 8.2)") from None
    return given


def _number_or_text(given: object) -> object:
    if given is not None and type(given) not in (int, str):
        raise ValueError("must be a number or a string")
    return given


Text = Annotated[str, AfterValidator(_encodable)]
ProtocolText = Annotated[Protocol, BeforeValidator(_upper)]


class Shape(BaseModel):
    """Strict: no number out of a string, a boolean or a float; an unknown field is a fault."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PortShape(Shape):
    """A port of an endpoint in the long form."""

    name: str = ""
    protocol: ProtocolText = "TCP"
    port: int


class ServicePortShape(PortShape):
    """A port of a service."""

    target_port: Annotated[Any, AfterValidator(_number_or_text)] = None


class ServiceShape(Shape):
    """Body of a service's PUT."""

    ports: list[ServicePortShape] = Field(default=[], max_length=PORTS_MOST)
    cluster_ips: list[str] = Field(default=[], max_length=ADDRESSES_MOST)
    external_name: str | None = None
    ttl_seconds: int = TTL_SECONDS_DEFAULT
    when_empty: WhenEmpty = "nodata"
    publish_not_ready: bool = False
    labels: dict[Text, Text] = {}


PortsByName = Annotated[dict[str, int], Field(max_length=PORTS_MOST), Tag(PORTS_BY_NAME)]
PortsListed = Annotated[list[PortShape], Field(max_length=PORTS_MOST), Tag(PORTS_LISTED)]


class EndpointShape(Shape):
    """Body of an endpoint's PUT: exactly one of ``address`` and ``addresses``."""

    address: str = ""
    addresses: list[str] = Field(default=[], max_length=ADDRESSES_MOST)
    ports: Annotated[PortsByName | PortsListed, Discriminator(_form_of_ports)] = []
    weight: int = WEIGHT_DEFAULT
    priority: int = 0
    hostname: str | None = None
    ready: bool = True
    metadata: dict[Text, Text] = {}
    lease_seconds: int | None = LEASE_SECONDS_DEFAULT


class PatchShape(Shape):
    """Body of an endpoint's PATCH; only the fields that are there count."""

    weight: int = 0
    priority: int = 0
    ready: bool = True
    metadata: dict[Text, Text] = {}
