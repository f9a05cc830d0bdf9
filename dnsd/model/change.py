"""What travels from the store to every mirror, catalog and watcher: one change, one revision, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey

RemovalCause = Literal["deleted", "expired"]


@dataclass(frozen=True, slots=True)
class Removal:
    """An object that is no more: a service by (namespace, name), an endpoint by (namespace, service, id)."""

    key: ServiceKey | EndpointKey
    cause: RemovalCause


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that one revision put (in its whole new state) and removed."""

    revision: int
    puts: tuple[Service | Endpoint, ...] = ()
    removals: tuple[Removal, ...] = ()
