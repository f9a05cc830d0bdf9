"""What may be asked of the registry, and what it answers, as values; ``services`` gives them on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey
from dnsd.store.operations import ABSENT, Durability, Outcome
from dnsd.store.record import Flag


@dataclass(frozen=True, slots=True)
class Precondition:
    """If-Match (``revision``: the one that must stand) or If-None-Match: * (``absent``: nothing may stand)."""

    revision: int | None = None
    absent: bool = False

    @property
    def expected(self) -> str:
        """As the store takes it."""
        if self.absent:
            return ABSENT
        return "" if self.revision is None else str(self.revision)


UNCONDITIONAL = Precondition()


@dataclass(frozen=True, slots=True)
class Put:
    """Register or renew an endpoint, declare or replace a service. An endpoint that is draining goes on draining."""

    value: Service | Endpoint
    precondition: Precondition = UNCONDITIONAL

    @property
    def key(self) -> ServiceKey | EndpointKey:
        """The object it is about."""
        return self.value.key


@dataclass(frozen=True, slots=True)
class Edit:
    """Make another of an endpoint; ``edit`` may be called again when somebody else was faster. The lease goes on."""

    key: EndpointKey
    edit: Callable[[Endpoint], Endpoint]
    precondition: Precondition = UNCONDITIONAL


@dataclass(frozen=True, slots=True)
class Mark:
    """Drain an endpoint (``x``), by force (``f``), or no more (``-``); say what its health check found (a letter of
    ``FAILING_FLAGS``), or that it passes (``h``). All else of it stays.
    """

    key: EndpointKey
    flag: Flag
    precondition: Precondition = UNCONDITIONAL


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an endpoint, or a service with all its endpoints."""

    key: ServiceKey | EndpointKey
    precondition: Precondition = UNCONDITIONAL


Operation = Put | Edit | Mark | Delete


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one operation.

    ``value`` is the object as it is now, or of a deleted one as it was; ``revision`` that of the write (of the object
    when nothing differed). ``visible``: this replica answers from it. ``remaining_seconds``: of an endpoint's lease.
    ``stored`` False: the store is away, and the PUT was equal to what we know, so it counts as a heartbeat.
    """

    outcome: Outcome
    value: Service | Endpoint
    revision: int
    durability: Durability
    visible: bool
    remaining_seconds: int | None = None
    stored: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of many operations that were written as one change; ``revision`` is the change's or the store's."""

    revision: int
    durability: Durability
    visible: bool
    results: tuple[Written, ...]
