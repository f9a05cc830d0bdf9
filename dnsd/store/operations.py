"""What is asked of the store and what it answers, as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from dnsd.codec.stored import implicit_text
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey
from dnsd.store.keys import member_of
from dnsd.store.record import Flag, flag_of, lease_word, text_of

Verb = Literal["put", "edit", "mark", "delete", "restore"]
Outcome = Literal["created", "changed", "renewed", "unchanged", "deleted", "skipped"]
Slug = Literal["exists", "precondition", "gone", "not-found"]
Durability = Literal["replicated", "local"]

ABSENT = "absent"
_CREATING = ("put", "restore")


@dataclass(frozen=True, slots=True)
class StoreOperation:
    """One write. Make them by the functions below.

    ``expected``: "", ``ABSENT`` or the revision that must stand. ``lease``: the third word of the line.
    """

    verb: Verb
    key: ServiceKey | EndpointKey
    expected: str = ""
    lease: int = 0
    flag: Flag = "="
    text: str = ""

    def words(self) -> Iterator[str]:
        """Its eight arguments for the script."""
        is_service = len(self.key) == 2
        implicit = implicit_text() if self.verb in _CREATING and not is_service else ""
        yield from (self.verb, "service" if is_service else "endpoint", member_of(self.key), self.expected)
        yield from (str(self.lease), self.flag, self.text, implicit)


def put(value: Service | Endpoint, expected: str = "") -> StoreOperation:
    """Register or declare. An endpoint's flag stays as it is, unless the value itself is draining."""
    flag = "=" if isinstance(value, Endpoint) and not value.draining else flag_of(value)
    return StoreOperation("put", value.key, expected, lease_word(value), flag, text_of(value))


def restore(value: Service | Endpoint) -> StoreOperation:
    """Put back what was there before, if nothing stands there (then ``unchanged``) and nobody deleted it of late
    (then ``skipped``).
    """
    return StoreOperation("restore", value.key, "", lease_word(value), flag_of(value), text_of(value))


def edit(was: Endpoint, now: Endpoint) -> StoreOperation:
    """Replace the very revision ``was``; the lease goes on as it is."""
    flag: Flag = "=" if was.draining == now.draining else flag_of(now)
    return StoreOperation("edit", was.key, str(was.revision), lease_word(now), flag, text_of(now))


def mark(key: EndpointKey, flag: Flag, expected: str = "") -> StoreOperation:
    """Change the endpoint's flag alone. Drained (``x``, ``f``) or no more (``-``), failing a check (its letter) or no
    more (``h``): the one leaves what the other said, but who drains is not failing.
    """
    return StoreOperation("mark", key, expected, flag=flag)


def delete(key: ServiceKey | EndpointKey, expected: str = "") -> StoreOperation:
    """Remove on purpose; a service with all its endpoints."""
    return StoreOperation("delete", key, expected)


@dataclass(frozen=True, slots=True)
class AccessChange:
    """A change of the tokens, or of nothing (``note``). ``what``: for the audit; ``texts``: by their tokens' ids; of a
    removal one with ""; ``number``: of the version that a refill puts back.
    """

    verb: Literal["put", "remove", "refill", "note"]
    what: str
    texts: Mapping[str, str] = field(default_factory=dict)
    number: int = 0

    def words(self) -> list[str]:
        """Its arguments for the script."""
        pairs = [word for pair in self.texts.items() for word in pair]
        return [self.verb, self.what, str(self.number) if self.verb == "refill" else "", *pairs]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was written, because of the operation at ``index``; ``revision`` is what stands there (0: nothing)."""

    index: int
    slug: Slug
    revision: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one operation; ``line`` is the object's as it is now, or of a deleted one as it was, or "".

    ``remaining_seconds``: what its lease has; None for a service, a permanent endpoint, a deleted one.
    """

    outcome: Outcome
    line: str
    remaining_seconds: int | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """All was written; ``revision`` is that of the change or, when nothing differed, the store's."""

    epoch: str
    revision: int
    durability: Durability
    results: tuple[Result, ...]


RenewalState = Literal["permanent", "unknown", "deleted"]


@dataclass(frozen=True, slots=True)
class Opening:
    """What the store says when it is met. ``schema`` above ours: it is read, never written."""

    epoch: str
    revision: int
    tick: int
    schema: int
    cookie_secret: bytes


@dataclass(frozen=True, slots=True)
class Ticked:
    """``has_advanced``: this call made the tick. ``history``: which server, data set and epoch said so.

    ``guard_since``: the tick since which self-preservation is on, 0: off; ``held``: leases that ran out and are kept.
    """

    has_advanced: bool
    tick: int
    history: str
    leases: int
    guard_since: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Reaped:
    """So many endpoints were removed; ``has_more``: as many again may be due."""

    removed: int
    revision: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server says of itself. ``replicas_to_write`` None: it does not tell us."""

    server: str
    version: str
    role: str
    run_id: str
    replication_id: str
    is_append_only: bool
    maxmemory_policy: str
    replicas_to_write: int | None
