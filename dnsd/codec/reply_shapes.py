"""The shapes of the admin API's replies about objects, for its description; tests hold every reply against them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dnsd.model.health import CheckType, Failing
from dnsd.model.service import Protocol, WhenEmpty


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


MAY_BE_ABSENT = Field(json_schema_extra=_without_default)
"""A field that is left out where it has nothing to say."""

Outcome = Literal["created", "changed", "renewed", "unchanged", "deleted"]


class ReplyShape(BaseModel):
    """What we send holds all of its fields and no others."""

    model_config = ConfigDict(extra="forbid")


class PortReply(ReplyShape):
    """A port of an endpoint."""

    name: str
    protocol: Protocol
    port: int


class ServicePortReply(PortReply):
    """A port of a service."""

    target_port: int | str | None


class LeaseReply(ReplyShape):
    """A lease; ``remaining_seconds`` is null while the store does not tell."""

    seconds: int
    renew_every_seconds: float
    remaining_seconds: int | None


class EndpointReply(ReplyShape):
    """An endpoint; a permanent one has no ``lease``."""

    kind: Literal["endpoint"]
    namespace: str
    service: str
    id: str
    addresses: list[str]
    ports: list[PortReply]
    weight: int
    priority: int
    hostname: str | None
    ready: bool
    draining: bool
    failing: Failing | None
    metadata: dict[str, str]
    lease_seconds: int | None
    revision: int
    lease: Annotated[LeaseReply | None, MAY_BE_ABSENT] = None


class HealthReply(ReplyShape):
    """How the endpoints of a service are checked."""

    type: CheckType
    port: str
    path: str
    interval_seconds: int
    timeout_seconds: int
    up: int
    down: int


class ServiceReply(ReplyShape):
    """A service."""

    kind: Literal["service"]
    namespace: str
    name: str
    ports: list[ServicePortReply]
    cluster_ips: list[str]
    external_name: str | None
    ttl_seconds: int
    when_empty: WhenEmpty
    publish_not_ready: bool
    slow_start_seconds: int
    min_kept: int
    health: HealthReply | None
    labels: dict[str, str]
    declared: bool
    revision: int


class ServiceWithEndpointsReply(ServiceReply):
    """A service with its endpoints."""

    endpoints: list[EndpointReply]


class Certainty(ReplyShape):
    """How safe a write is, and how visible; ``stored`` false: the store is away and a heartbeat was noted."""

    durability: Literal["replicated", "local"] | None
    visible: bool
    stored: bool


class EndpointWritten(EndpointReply, Certainty):
    """What a write made of an endpoint."""

    outcome: Outcome


class ServiceWritten(ServiceReply, Certainty):
    """What a write made of a service."""

    outcome: Outcome


class EndpointResult(EndpointReply):
    """What one of many writes made of an endpoint."""

    outcome: Outcome


class ServiceResult(ServiceReply):
    """What one of many writes made of a service."""

    outcome: Outcome


class EndpointList(ReplyShape):
    """A page of endpoints; ``next`` is the cursor of the next page."""

    items: list[EndpointReply]
    next: str | None
    revision: int


class ServiceList(ReplyShape):
    """A page of services."""

    items: list[ServiceReply]
    next: str | None
    revision: int


class KeyReply(ReplyShape):
    """What identifies an endpoint."""

    namespace: str
    service: str
    id: str


class RenewedReply(KeyReply):
    """A heartbeat that was taken."""

    stored: bool
    revision: int
    lease: LeaseReply | None


class RenewedKey(KeyReply):
    """One of many heartbeats that were taken."""

    remaining_seconds: int | None


class RenewalsReply(ReplyShape):
    """What became of many heartbeats."""

    renewed: list[RenewedKey]
    unknown: list[KeyReply]
    deleted: list[KeyReply]
    stored: bool
    revision: int


class DrainedReply(Certainty):
    """Which replicas answer without the endpoint, and from when on it is safe to stop it."""

    applied: list[str]
    pending: list[str]
    safe_at: str | None
    last: bool
    revision: int
    endpoint: EndpointResult


class BatchReply(ReplyShape):
    """What a batch did, in one revision."""

    revision: int
    durability: Literal["replicated", "local"]
    visible: bool
    results: list[EndpointResult | ServiceResult]


class ApplyReply(ReplyShape):
    """What manifests did, or would do."""

    dry_run: bool
    revision: int
    durability: Literal["replicated", "local"] | None
    visible: bool
    results: list[EndpointResult | ServiceResult]
    notes: list[str]


class FaultReply(ReplyShape):
    """One fault and its place (RFC 6901)."""

    pointer: str
    detail: str


class ProblemReply(ReplyShape):
    """Why a call was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None
    errors: list[FaultReply]
    reason: Annotated[str | None, MAY_BE_ABSENT] = None


class ProblemPage(ReplyShape):
    """What a problem's type means."""

    type: str
    title: str
    status: int
    meaning: str
