"""The shapes of the admin API's bodies: field names, types and defaults. The rules of the values stand in ``model``.

Invariant: every field of an outermost shape has a default, so that a body without its faulty fields can still be read.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from dnsd.model.health import (
    DOWN_DEFAULT,
    INTERVAL_SECONDS_DEFAULT,
    INTERVAL_SECONDS_MOST,
    PATH_PATTERN,
    THRESHOLD_MOST,
    TIMEOUT_SECONDS_DEFAULT,
    UP_DEFAULT,
    CheckType,
)
from dnsd.model.lease import LEASE_SECONDS_DEFAULT, LEASE_SECONDS_LEAST, LEASE_SECONDS_MOST
from dnsd.model.service import (
    MIN_KEPT_MOST,
    PROTOCOLS,
    SLOW_START_SECONDS_MOST,
    TTL_SECONDS_DEFAULT,
    TTL_SECONDS_MOST,
    UINT16_MOST,
    WEIGHT_DEFAULT,
    Protocol,
    WhenEmpty,
)

ADDRESSES_MOST = 100
PORTS_MOST = 100

PORTS_BY_NAME = "object"
PORTS_LISTED = "array"


LABEL_PATTERN = "^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$"
PORT_NAME_PATTERN = "^([A-Za-z0-9]([-A-Za-z0-9]{0,60}[A-Za-z0-9])?)?$"
ID_PATTERN = "^(?!\\.{1,2}$)[A-Za-z0-9._:-]{1,128}$"


def _told(**schema: Any) -> Any:
    """What the API's description says of a value, beside its type; ``model`` checks it, with better words."""
    return Field(json_schema_extra=schema)


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
ProtocolText = Annotated[Protocol, BeforeValidator(_upper), _told(enum=[*PROTOCOLS, *map(str.lower, PROTOCOLS)])]
Label = Annotated[str, _told(pattern=LABEL_PATTERN)]
PortName = Annotated[str, _told(pattern=PORT_NAME_PATTERN)]
Id = Annotated[str, _told(pattern=ID_PATTERN)]
Address = Annotated[str, _told(anyOf=[{"format": "ipv4"}, {"format": "ipv6"}])]
PortNumber = Annotated[int, _told(minimum=1, maximum=UINT16_MOST)]
Uint16 = Annotated[int, _told(minimum=0, maximum=UINT16_MOST)]
Metadata = Annotated[dict[Text, Text], _told(description="at most 1 KB in all, unless the quota says otherwise")]


LeaseSeconds = Annotated[int, _told(minimum=LEASE_SECONDS_LEAST, maximum=LEASE_SECONDS_MOST)]


class Shape(BaseModel):
    """Strict: no number out of a string, a boolean or a float; an unknown field is a fault."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PortShape(Shape):
    """A port of an endpoint in the long form."""

    name: PortName = ""
    protocol: ProtocolText = "TCP"
    port: PortNumber


_TARGET_PORT = [
    {"type": "null"},
    {"type": "integer", "minimum": 1, "maximum": UINT16_MOST},
    {"type": "string", "pattern": PORT_NAME_PATTERN, "minLength": 1},
]


class ServicePortShape(PortShape):
    """A port of a service."""

    target_port: Annotated[Any, AfterValidator(_number_or_text), _told(anyOf=_TARGET_PORT)] = None


_CLUSTER_IPS = [
    {"items": {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}},
    {"const": ["None"]},
]


Threshold = Annotated[int, _told(minimum=1, maximum=THRESHOLD_MOST)]


class HealthShape(Shape):
    """An active health check; the timeout is at most the interval."""

    type: CheckType
    port: PortName = ""
    path: Annotated[str, _told(pattern=PATH_PATTERN)] = "/"
    interval_seconds: Annotated[int, _told(minimum=1, maximum=INTERVAL_SECONDS_MOST)] = INTERVAL_SECONDS_DEFAULT
    timeout_seconds: Annotated[int, _told(minimum=1, maximum=INTERVAL_SECONDS_MOST)] = TIMEOUT_SECONDS_DEFAULT
    up: Threshold = UP_DEFAULT
    down: Threshold = DOWN_DEFAULT


class ServiceShape(Shape):
    """Body of a service's PUT."""

    ports: list[ServicePortShape] = Field(default=[], max_length=PORTS_MOST)
    cluster_ips: Annotated[list[str], _told(anyOf=_CLUSTER_IPS)] = Field(default=[], max_length=ADDRESSES_MOST)
    external_name: str | None = None
    ttl_seconds: Annotated[int, _told(minimum=0, maximum=TTL_SECONDS_MOST)] = TTL_SECONDS_DEFAULT
    when_empty: WhenEmpty = "nodata"
    publish_not_ready: bool = False
    slow_start_seconds: Annotated[int, _told(minimum=0, maximum=SLOW_START_SECONDS_MOST)] = 0
    min_kept: Annotated[int, _told(minimum=0, maximum=MIN_KEPT_MOST)] = 0
    health: HealthShape | None = None
    labels: dict[Text, Text] = {}


_NO_OTHERS: dict[str, Any] = {"additionalProperties": False}
PortsByName = Annotated[
    dict[PortName, PortNumber], Field(max_length=PORTS_MOST, json_schema_extra=_NO_OTHERS), Tag(PORTS_BY_NAME)
]
PortsListed = Annotated[list[PortShape], Field(max_length=PORTS_MOST), Tag(PORTS_LISTED)]


def _address_only(schema: dict[str, Any]) -> None:
    """An address; the default means that the field was not there, and is none."""
    schema.pop("default", None)
    schema["anyOf"] = [{"format": "ipv4"}, {"format": "ipv6"}]


def _addresses_only(schema: dict[str, Any]) -> None:
    del schema["default"]
    schema["minItems"] = 1


class EndpointShape(Shape):
    """Body of an endpoint's PUT: exactly one of ``address`` and ``addresses``."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["address"]}, {"required": ["addresses"]}]})

    address: Annotated[str, Field(json_schema_extra=_address_only)] = ""
    addresses: list[Address] = Field(default=[], max_length=ADDRESSES_MOST, json_schema_extra=_addresses_only)
    ports: Annotated[PortsByName | PortsListed, Discriminator(_form_of_ports)] = []
    weight: Uint16 = WEIGHT_DEFAULT
    priority: Uint16 = 0
    hostname: Label | None = None
    ready: bool = True
    # By a factory, which is told as the default it makes: a default itself is copied deep for each body, 1 us.
    metadata: Metadata = Field(default_factory=dict, json_schema_extra={"default": {}})
    lease_seconds: LeaseSeconds | None = LEASE_SECONDS_DEFAULT


class PatchShape(Shape):
    """Body of an endpoint's PATCH; only the fields that are there count."""

    weight: Uint16 = 0
    priority: Uint16 = 0
    ready: bool = True
    metadata: Metadata = {}
