"""What a store has lost, and this mirror still holds: it goes on being answered until the store has it or says no.

A store that comes back empty, with another epoch, or with less than half of what it had and no deletes to match, is
not believed: answers are what we hold and what it says, together. ``refill`` writes back what may be written back.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey
from dnsd.registry.content import Content
from dnsd.store.reader import Position

ADVICE = "`dnsd store restore` writes them back, `dnsd store adopt` drops them"
FRESH_SECONDS = 600.0
"""Leased records are written back of ourselves only from a mirror that was in step not longer ago."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a content lacks of an inventory without a delete to match. ``why``: a word on a suspicion, or ""."""

    missing: tuple[Service | Endpoint, ...] = ()
    why: str = ""


def loss_of(
    content: Content,
    epoch: str,
    history: str,
    removed: int | None,
    inventory: Inventory,
    held: Container[ServiceKey | EndpointKey] = (),
) -> Loss:
    """Compare what was read with what we have of ``epoch`` and ``history``, whose ``removed`` we saw last.

    What is ``held`` was lost before, so it is not counted again. Only what was removed since explains that something is
    missing; where that is not known, nothing does.
    """
    position = content.position
    if position.adopted is not None and position.epoch != epoch:
        return Loss()
    had = [each for each in inventory.endpoints() if each.key not in held]
    declared = (each for each in inventory.services() if each.declared and each.key not in held)
    endpoints = tuple(each for each in had if each.key not in content.endpoints)
    services = tuple(each for each in declared if each.key not in content.services)
    missing: tuple[Service | Endpoint, ...] = (*services, *endpoints)
    if not missing:
        return Loss()
    if position.epoch != epoch:
        return Loss(missing, "came back empty" if content.is_empty else "has another epoch and lacks records")
    if position.history == history:
        return Loss()
    explained = 0 if removed is None else max(0, position.removed - removed)
    unexplained = len(endpoints) - explained
    if unexplained <= 0:
        return Loss()
    return Loss(missing, "lost more than half of its records" if 2 * unexplained > len(had) else "")


class Held:
    """The records that the store lacks. ``why``: the suspicion, or "" when they are just being written back."""

    def __init__(self) -> None:
        self.values: dict[ServiceKey | EndpointKey, Service | Endpoint] = {}
        self.why = ""
        self.is_fresh = False

    @property
    def is_suspect(self) -> bool:
        """True while the store is not believed."""
        return bool(self.values) and bool(self.why)

    @property
    def problem(self) -> str:
        """The suspicion and what to do, for people; "" when there is none."""
        if not self.is_suspect:
            return ""
        lacking = f"{len(self.values)} records that it lacks are still answered"
        return f"store-suspect: the store {self.why}; {lacking}: {ADVICE}"

    def take(self, loss: Loss, age_seconds: float) -> None:
        """Hold these too; ``age_seconds``: since when our mirror is out of step with the store that had them.

        A suspicion stays as long as something of its is held, and what is not written back is told to people.
        """
        self.is_fresh = age_seconds <= FRESH_SECONDS and (self.is_fresh or not self.values)
        self.values |= {value.key: value for value in loss.missing}
        self.why = self.why or loss.why
        if self.values and not (self.is_fresh or self.why):
            self.why = "has lost records"

    def is_dropped_by(self, position: Position) -> bool:
        """True when something is held, and an operator adopted the store since it was lost.

        A store has at least our revision when it is adopted; what it loses after that is newer than what it was.
        """
        newest = max((value.revision for value in self.values.values()), default=0)
        return bool(self.values) and position.adopted is not None and newest <= position.adopted

    def clear(self) -> None:
        """Hold nothing."""
        self.values.clear()
        self.why = ""

    def may_return(self) -> list[Service | Endpoint]:
        """What is written back without being asked: leased records, and their service; all after a small loss."""
        if not self.is_fresh:
            return []
        if not self.why:
            return list(self.values.values())
        leased = [each for each in self.values.values() if isinstance(each, Endpoint) and each.lease_seconds]
        keys = {each.service_key for each in leased}
        return [*(each for key, each in self.values.items() if key in keys), *leased]

    def note_all(self, content: Content) -> None:
        """Hold no longer what stands in everything that was read."""
        self.values = {key: value for key, value in self.values.items() if key not in content}
        if not self.values:
            self.why = ""

    def note(self, change: Change) -> Change:
        """Take the store's word on what it names; returns the change without what would take held ones along.

        An implicit service goes with its last endpoint in the store, which is not the last that we hold.
        """
        if not self.values:
            return change
        emptied = {removal.key[:2] for removal in change.removals if len(removal.key) == 3}
        kept = []
        for removal in change.removals:
            self.values.pop(removal.key, None)
            if len(removal.key) == 2 and removal.key in emptied and self._holds_below(removal.key):
                continue
            if len(removal.key) == 2:
                for key in [key for key in self.values if key[:2] == removal.key]:
                    del self.values[key]
            kept.append(removal)
        for value in change.puts:
            self.values.pop(value.key, None)
        return replace(change, removals=tuple(kept))

    def let_go(self, keys: list[ServiceKey | EndpointKey], revision: int) -> Change:
        """Hold these no longer; the change that takes them out of the answers."""
        known = [key for key in keys if self.values.pop(key, None) is not None]
        return Change(revision, (), tuple(Removal(key, "deleted") for key in known))

    def _holds_below(self, service: ServiceKey) -> bool:
        return any(len(key) == 3 and key[:2] == service for key in self.values)
