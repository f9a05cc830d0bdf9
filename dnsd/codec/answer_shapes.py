"""The shapes of ``/v1/answer``: what a resolver would be told, and why."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dnsd.codec.reply_shapes import MAY_BE_ABSENT, KeyReply, LeaseReply, ReplyShape


class RecordReply(ReplyShape):
    """A DNS record in master-file text."""

    name: str
    ttl: int
    rclass: str = Field(alias="class")
    type: str
    data: str


class UdpReply(ReplyShape):
    """The same answer over UDP, at the client's size."""

    limit: int
    octets: int
    truncated: bool
    records: int


class TtlReply(ReplyShape):
    """How long a resolver keeps the answer, and whose word that is."""

    seconds: int | None
    origin: str = Field(alias="from")


class NamedService(ReplyShape):
    """What identifies a service."""

    namespace: str
    name: str


class ReasonReply(KeyReply):
    """An endpoint, in or out of the answer (``in``), and why."""

    addresses: list[str]
    is_in: bool = Field(alias="in")
    reason: str
    detail: str
    lease: Annotated[LeaseReply | None, MAY_BE_ABSENT] = None


class AnswerReply(ReplyShape):
    """What a resolver would be told now, and why."""

    name: str
    type: str
    client: str
    status: str
    why: str
    answer: list[RecordReply]
    authority: list[RecordReply]
    additional: list[RecordReply]
    udp: UdpReply
    ttl: TtlReply
    services: list[NamedService]
    endpoints: list[ReasonReply]
    revision: int
    epoch: str
    replica: str
    mirror_age_seconds: float | None
    degraded: bool
