"""The columns of the admin API: which calls there are, and what of the replica each family of them is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from dnsd.admin.access import Access
from dnsd.admin.addresses import refusal_of_addresses
from dnsd.admin.answers import AnswerCalls
from dnsd.admin.apply import ApplyCalls
from dnsd.admin.audit import AuditCalls
from dnsd.admin.backup import BackupCalls
from dnsd.admin.batch import BatchCalls
from dnsd.admin.changes import ChangeCalls
from dnsd.admin.drains import DrainCalls
from dnsd.admin.endpoints import EndpointCalls
from dnsd.admin.families import Families
from dnsd.admin.leases import LeaseCalls
from dnsd.admin.metrics import Collect, MetricsCalls
from dnsd.admin.openapi import OpenApiCalls
from dnsd.admin.prometheus import PrometheusCalls
from dnsd.admin.replicas import ReplicaCalls
from dnsd.admin.reserved import Reserved
from dnsd.admin.services import ServiceCalls
from dnsd.admin.status import StatusCalls
from dnsd.admin.store import StoreCalls
from dnsd.admin.tokens import TokenCalls
from dnsd.admin.writes import Writes
from dnsd.admin.zones import ZoneCalls
from dnsd.answer.policy import AS_THEY_COME, Policy
from dnsd.health.checks import Checks
from dnsd.registry.audit import Audit
from dnsd.registry.departures import Departures
from dnsd.registry.disk import Disk
from dnsd.registry.drains import Drains
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.registry.quotas import DEFAULTS, Limits, Quotas
from dnsd.registry.refill import Refill
from dnsd.registry.replicas import Replicas
from dnsd.registry.services import Services
from dnsd.registry.ticker import Ticker
from dnsd.registry.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What of a replica is called or told of over HTTP.

    ``departures``: who left of late, kept up to date by somebody else. ``refill`` writes back what the store lost;
    ``disk``, ``ticker``, ``checks``, ``replicas``: for what is told of them. ``replica``: this replica's name.
    ``policy``: what the doors to DNS are set to, for what is told of them.

    ``tokens``, ``audit``: who may call, who did; ``access``: how that is decided. ``limits``: of each namespace.
    ``strict_namespaces``: none named like a top-level domain. ``loopback_allowed``: loopback addresses may be
    registered. ``is_leaving``: true once the replica ends. ``collectors`` give metrics; ``refresh`` is awaited before
    they are asked.
    """

    services: Services
    leases: Leases
    drains: Drains
    mirror: Mirror
    departures: Departures
    refill: Refill
    replicas: Replicas
    tokens: Tokens
    audit: Audit
    access: Access
    replica: str
    disk: Disk | None = None
    ticker: Ticker | None = None
    checks: Checks | None = None
    limits: Limits = DEFAULTS
    strict_namespaces: bool = False
    policy: Policy = AS_THEY_COME
    loopback_allowed: bool = True
    is_leaving: Callable[[], bool] = lambda: False
    collectors: Iterable[Collect] = ()
    refresh: Callable[[], Awaitable[None]] | None = None


class Column(Protocol):
    """A family of calls."""

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""


def columns_of(parts: Parts, changes: ChangeCalls, metrics: MetricsCalls) -> tuple[Column, ...]:
    """All columns; ``changes`` and ``metrics`` are among them, and their maker has more to do with them.

    To add a column: its class in a file of its own, and a line in one of the three families below.
    """
    return (*_of_writers(parts), changes, *_of_readers(parts), *_of_operators(parts), metrics)


def metrics_of(parts: Parts, watchers: Callable[[], int]) -> MetricsCalls:
    """The metrics of all parts; ``watchers``: how many streams are open."""
    families = Families(parts.mirror, parts.services, watchers, parts.disk, parts.ticker, parts.replicas, parts.checks)
    return MetricsCalls([*parts.collectors, families.collect], parts.refresh)


def _of_writers(parts: Parts) -> tuple[Column, ...]:
    """Services and endpoints, one by one and many at once."""
    access, mirror, leases = parts.access, parts.mirror, parts.leases
    writes = Writes(parts.services, access, Quotas(mirror, parts.limits), Reserved(mirror, parts.strict_namespaces))
    # Where tokens are needed, loopback is a matter of grants.
    refusal = refusal_of_addresses(parts.loopback_allowed or access.required)
    return (  # what is called most comes first: a path is compared with one pattern after the other
        EndpointCalls(writes, access, leases, mirror, refusal),
        LeaseCalls(leases, mirror, access),
        ServiceCalls(writes, access, leases, mirror, refusal),
        DrainCalls(parts.drains, access),
        BatchCalls(writes, refusal),
        ApplyCalls(writes, mirror, refusal),
        BackupCalls(writes, mirror, refusal),
    )


def _of_readers(parts: Parts) -> tuple[Column, ...]:
    """What the registry comes to in DNS and elsewhere, and what may be asked."""
    access, mirror = parts.access, parts.mirror
    return (
        AnswerCalls(parts.leases, mirror, parts.departures, access, parts.replica, parts.policy),
        PrometheusCalls(mirror, access),
        ZoneCalls(mirror),
        OpenApiCalls(access.required),
    )


def _of_operators(parts: Parts) -> tuple[Column, ...]:
    """How the replica does, and what its keepers may do."""
    return (
        StoreCalls(parts.mirror, parts.refill, parts.access),
        StatusCalls(parts.mirror, parts.replica, parts.is_leaving, parts.disk, parts.ticker, parts.replicas),
        ReplicaCalls(parts.replicas, parts.replica),
        TokenCalls(parts.tokens, parts.access),
        AuditCalls(parts.audit),
    )
