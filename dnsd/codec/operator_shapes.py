"""The shapes of what operators ask for: readiness, replicas, zones, tokens, the audit, a store restored."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from dnsd.codec.reply_shapes import ReplyShape
from dnsd.model.grant import Verb


class ReadyReply(BaseModel):
    """How a replica stands; there may be more fields."""

    ready: bool
    loaded: bool
    connected: bool
    degraded: bool
    leaving: bool
    revision: int
    epoch: str
    mirror_age_seconds: float | None
    problem: str
    replica: str


class RestoredReply(ReplyShape):
    """How many records were written back, stood already, or were deleted meanwhile."""

    restored: int
    present: int
    deleted: int


class AdoptedReply(ReplyShape):
    """The store's epoch, and how many records left the answers."""

    epoch: str
    dropped: int


class RestoredBackupReply(ReplyShape):
    """How many objects of a backup were put, or would be."""

    dry_run: bool
    created: int
    changed: int
    unchanged: int


class FellowReply(ReplyShape):
    """A replica as it reported of late; ``digest`` of what it answers, where it told."""

    replica: str
    revision: int
    lag: int
    digest: str | None
    last_seen_seconds: float
    is_self: bool


class ReplicasReply(ReplyShape):
    """All replicas that reported of late."""

    items: list[FellowReply]


class ZoneReply(ReplyShape):
    """A zone; ``static``: from a master file."""

    zone: str
    serial: int
    static: bool


class ZoneList(ReplyShape):
    """All zones."""

    items: list[ZoneReply]
    next: None
    revision: int


class GrantReply(ReplyShape):
    """What is allowed; ``addresses`` null: all but loopback."""

    verbs: list[Verb]
    namespace: str
    service: str
    addresses: list[str] | None


class TokenReply(ReplyShape):
    """A token without its secret; ``subject``: of the certificate that it stands for. Times are Unix seconds."""

    id: str
    name: str
    subject: str | None
    grants: list[GrantReply]
    created_at: int
    expires_at: int | None


class TokenCreated(TokenReply):
    """A token with its text, which is told here and never again."""

    token: str | None


class TokenList(ReplyShape):
    """All tokens."""

    items: list[TokenReply]


class AuditReply(ReplyShape):
    """A write: who asked for it, from where, of which replica, and what became of it. ``at``: Unix seconds."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    id: str
    at: float | None
    who: str
    origin: str = Field(alias="from")
    replica: str
    what: str
    revision: int | None


class AuditList(ReplyShape):
    """Writes, the newest first."""

    items: list[AuditReply]
    next: str | None
