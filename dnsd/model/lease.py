"""How long a registration lives without renewal, counted in ticks of the registry's own clock, never in wall time."""

from __future__ import annotations

LEASE_SECONDS_DEFAULT = 15
LEASE_SECONDS_LEAST = 1
LEASE_SECONDS_MOST = 86_400
SETTLING_SECONDS = 2 * LEASE_SECONDS_DEFAULT
TOMBSTONE_SECONDS = 600
RENEWALS_A_LEASE = 3


def deadline_tick(tick: int, lease_seconds: int) -> int:
    """The first tick at which a lease renewed at ``tick`` may be reaped: one more than its length, so never early."""
    return tick + lease_seconds + 1


def renew_every_seconds(lease_seconds: int) -> float:
    """How often the owner of a lease should renew it."""
    return lease_seconds / RENEWALS_A_LEASE
