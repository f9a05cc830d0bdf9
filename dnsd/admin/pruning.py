"""What an apply with ``prune`` removes: what stands in the namespaces that the manifests name, and they do not.

Only what somebody wrote down is removed: declared services, and endpoints without a lease. An endpoint with a lease
belongs to a process that lives, so it stays, and its service with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dnsd.authority.inventory import Holding, Inventory
from dnsd.model.errors import Conflict
from dnsd.model.service import Endpoint, Service

SHARE_MOST = 0.30
"""A larger part of what stands is removed only by force: a half-read folder must not empty a registry."""


@dataclass(frozen=True, slots=True)
class Pruning:
    """``removed``: what goes, a service with its endpoints; ``lost`` of the ``standing`` objects go in all."""

    removed: tuple[Service | Endpoint, ...]
    notes: tuple[str, ...]
    lost: int
    standing: int

    def check(self) -> None:
        """Raises Conflict when more goes than may go without force."""
        if self.lost > SHARE_MOST * self.standing:
            share = f"{self.lost} of {self.standing} objects ({self.lost / self.standing:.0%})"
            raise Conflict(
                f"prune would remove {share}, more than {SHARE_MOST:.0%}: look at the plan (dry_run), then use force"
            )


NOTHING_PRUNED = Pruning((), (), 0, 0)


def pruning(inventory: Inventory, values: Sequence[Service | Endpoint]) -> Pruning:
    """What is to go once these values are applied."""
    kept = {value.key for value in values} | {value.key[:2] for value in values}
    namespaces = {value.namespace for value in values}
    removed: list[Service | Endpoint] = []
    notes: list[str] = []
    lost = standing = 0
    for key, holding in sorted(inventory.holdings.items()):
        if key[0] not in namespaces:
            continue
        permanent = [each for each in holding.endpoints.values() if each.lease_seconds is None]
        going = [each for each in permanent if each.key not in kept]
        is_declared = holding.service is not None and holding.service.declared
        standing += len(permanent) + is_declared
        if is_declared and key not in kept and len(permanent) == len(holding.endpoints):
            removed.append(_service_of(holding))
            lost += 1 + len(permanent)
            continue
        if is_declared and key not in kept:
            notes.append(f"service {'/'.join(key)} stays: endpoints with a lease are registered in it")
        removed += going
        lost += len(going)
    return Pruning(tuple(removed), tuple(notes), lost, standing)


def _service_of(holding: Holding) -> Service:
    assert holding.service is not None
    return holding.service
