"""The one table of key names, and how services and endpoints are named inside them.

All keys share the hash tag ``{prefix}``, so a Cluster keeps them in one slot and a script may touch them together.
The numbers count from 1 as the scripts' ``KEYS`` do; ``scripts/prelude.lua`` gives them the same names.

    1 meta        hash    schema, epoch, revision, tick, cookie-secret, waited, removed (endpoints ever),
                       parted (leased ones that left, drained or became permanent on purpose, less those that are back),
                       adopted (the epoch that an operator said is to be believed, and its revision then)
    2 services    hash    ns/svc -> line (see record.py)
    3 endpoints   hash    ns/svc/id -> line
    4 leases      zset    ns/svc/id by the tick at which it may be reaped; permanent endpoints have none
    5 members     zset    ns/svc/id, all with score 0: ranges of it are a service's endpoints, their number its count
    6 tombstones  zset    ns/svc and ns/svc/id deleted on purpose, by the tick at which that is forgotten
    7 changes     stream  one entry a revision, id <revision>-0, capped
    8 replicas    hash    replica -> "<applied revision> <digest or -> <tick of the report>"
    9 guard       hash    what self-preservation is decided from (scripts/reap.lua)
   10 tokens      hash    public id -> who that is and may do (codec/token.py); meta's "tokens" is their version
   11 audit       stream  one entry a write that somebody asked for, capped
"""

from __future__ import annotations

import re

from dnsd.model import names
from dnsd.model.errors import InvalidSetting
from dnsd.model.service import EndpointKey, ServiceKey

SCHEMA = 1

_NAMES = (
    "meta",
    "services",
    "endpoints",
    "leases",
    "members",
    "tombstones",
    "changes",
    "replicas",
    "guard",
    "tokens",
    "audit",
)
_PREFIX = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Keys:
    """The keys of one installation. Raises InvalidSetting for a prefix that cannot be a hash tag."""

    def __init__(self, prefix: str) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise InvalidSetting(f"redis prefix {prefix!r} is not 1 to 64 of A-Z a-z 0-9 . _ : -")
        self.all = tuple(f"{{{prefix}}}:{name}" for name in _NAMES)
        (
            self.meta,
            self.services,
            self.endpoints,
            self.leases,
            self.members,
            self.tombstones,
            self.changes,
            self.replicas,
            self.guard,
            self.tokens,
            self.audit,
        ) = self.all


def member_of(key: ServiceKey | EndpointKey) -> str:
    """``ns/svc`` or ``ns/svc/id``; none of the parts can hold a slash."""
    return "/".join(key)


def service_key(member: str) -> ServiceKey | None:
    """The key that ``ns/svc`` stands for; None when a stranger wrote something else."""
    parts = member.split("/")
    if len(parts) != 2 or not (names.is_label(parts[0]) and names.is_label(parts[1])):
        return None
    return parts[0], parts[1]


def endpoint_key(member: str) -> EndpointKey | None:
    """The key that ``ns/svc/id`` stands for; None when a stranger wrote something else."""
    parts = member.split("/")
    if len(parts) != 3 or not names.is_endpoint_id(parts[2]):
        return None
    return parts[0], parts[1], parts[2]
