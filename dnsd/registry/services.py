"""Writes: services and endpoints registered, edited and removed, each as one change that all replicas see whole.

Invariant: nothing is read, awaited and then written on trust; what a write rests on, it carries as the revision that
must still stand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from dnsd.codec.audit import Author, author_to_text
from dnsd.model.errors import (
    Conflict,
    DnsdError,
    Fault,
    Gone,
    InvalidRecord,
    NotFound,
    PreconditionFailed,
    StoreUnavailable,
)
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey
from dnsd.registry.herd import Herd
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.registry.operations import Batch, Delete, Edit, Mark, Operation, Precondition, Put, Written
from dnsd.runtime.durations import Durations
from dnsd.store import operations as stored
from dnsd.store.operations import Accepted, Refused, Result, StoreOperation
from dnsd.store.record import endpoint_put, value_of
from dnsd.store.redis import Store

__all__ = ["Batch", "Delete", "Edit", "Mark", "Operation", "Precondition", "Put", "Services", "Written"]

VISIBLE_SECONDS = 0.1
"""A write waits so long until this replica answers from it."""
EDITS_MOST = 5
"""So often an edit is made anew because somebody else was faster; then it is a Conflict."""


class Services:
    """The registry's writes. They raise NotFound, Gone, PreconditionFailed, Conflict, InvalidRecord, StoreUnavailable;
    in a batch with ``index``, the operation at fault.
    """

    def __init__(self, store: Store, mirror: Mirror, leases: Leases, herd: Herd | None = None) -> None:
        """``herd``: how many new registrations are taken a second; None: any number."""
        self._store = store
        self._mirror = mirror
        self._leases = leases
        self._herd = herd
        self.changes = Durations()
        """How long single writes took, from their arrival until this replica answers from them."""

    @property
    def store_faults(self) -> Mapping[str, int]:
        """What kept the store from answering, and how often."""
        return self._store.faults

    async def write(self, operation: Operation, author: Author | None = None) -> Written:
        """One write, noted in the audit as ``author``'s.

        While the store is away, a PUT equal to what the mirror holds counts as a heartbeat.
        """
        # Looked up before the write: one that a master takes and cannot replicate comes back to the mirror at once.
        known = self._known(operation)
        self._admit(operation, known)
        began = asyncio.get_running_loop().time()
        try:
            planned, accepted = await self._commit([operation], author)
        except StoreUnavailable:
            heartbeat = self._heartbeat(operation, known)
            if heartbeat is None:
                raise
            return heartbeat
        became = _became(operation, planned[0], accepted, accepted.results[0])
        visible = await self._mirror.reached(became.revision, VISIBLE_SECONDS)
        if visible and became.has_changed:
            self.changes.note(asyncio.get_running_loop().time() - began)
        return _written(became, accepted, visible)

    def _known(self, operation: Operation) -> Endpoint | None:
        """The endpoint that a PUT repeats or changes, as this replica answers it."""
        brought = _endpoint_brought(operation)
        return None if brought is None else self._mirror.catalog.inventory.endpoint(brought.key)

    def _admit(self, operation: Operation, known: Endpoint | None) -> None:
        """Refuse a new registration that is one too many; what is known already is a renewal."""
        brought = _endpoint_brought(operation)
        if self._herd is not None and brought is not None and known is None:
            self._herd.admit(brought.lease_seconds)

    async def batch(self, operations: Sequence[Operation], author: Author | None = None) -> Batch:
        """All of them as one change, or none."""
        _refuse_overlaps(operations)
        try:
            planned, accepted = await self._commit(operations, author)
        except InvalidRecord as invalid:
            raise _placed(invalid) from None
        became = [
            _became(operation, sent, accepted, result)
            for operation, sent, result in zip(operations, planned, accepted.results, strict=True)
        ]
        visible = await self._mirror.reached(max((each.revision for each in became), default=0), VISIBLE_SECONDS)
        results = tuple([_written(each, accepted, visible) for each in became])
        return Batch(accepted.revision, accepted.durability, visible, results)

    async def _commit(
        self, operations: Sequence[Operation], author: Author | None
    ) -> tuple[list[StoreOperation], Accepted]:
        """What was sent to the store, and what it answered."""
        by = author_to_text(author)
        fresh: dict[EndpointKey, Endpoint] = {}
        for _ in range(EDITS_MOST):
            planned = [await self._plan(index, operation, fresh) for index, operation in enumerate(operations)]
            answer = await self._store.write(planned, self._mirror.revision, by)
            if isinstance(answer, Accepted):
                return planned, answer
            await self._object(operations[answer.index], answer, fresh)
        raise Conflict(f"the object changed {EDITS_MOST} times while it was edited")

    async def _plan(self, index: int, operation: Operation, fresh: dict[EndpointKey, Endpoint]) -> StoreOperation:
        expected = operation.precondition.expected
        match operation:
            case Put(value=value):
                return stored.put(value, expected)
            case Mark(key=key, flag=flag):
                return stored.mark(key, flag, expected)
            case Delete(key=key):
                return stored.delete(key, expected)
            case Edit(key=key):
                was = await self._base(operation, fresh)
                if was is None or operation.precondition.absent:
                    return _impossible(operation)
                return stored.edit(was, _edited(index, operation, was))

    async def _base(self, edit: Edit, fresh: dict[EndpointKey, Endpoint]) -> Endpoint | None:
        """What the edit starts from; with If-Match that very revision, which the mirror may not have, or no more."""
        wanted = edit.precondition.revision
        for known in (fresh.get(edit.key), self._mirror.catalog.inventory.endpoint(edit.key)):
            if known is not None and wanted in (None, known.revision):
                return known
        stands = await self._standing(edit.key)
        return stands if stands is not None and wanted in (None, stands.revision) else None

    async def _standing(self, key: EndpointKey) -> Endpoint | None:
        """What stands in the store; garbage is nothing."""
        try:
            return await self._store.endpoint(key)
        except InvalidRecord:
            return None

    async def _object(self, operation: Operation, refused: Refused, fresh: dict[EndpointKey, Endpoint]) -> None:
        """Raise what the refusal means; return when the edit may be made anew from what stands now."""
        wanted = operation.precondition.revision
        if isinstance(operation, Edit) and refused.slug == "precondition" and wanted in (None, refused.revision):
            stands = await self._standing(operation.key)
            if stands is not None:
                fresh[operation.key] = stands
            return
        raise _at(refused.index, _meaning(operation, refused))

    def _heartbeat(self, operation: Operation, known: Endpoint | None) -> Written | None:
        """What to answer to a PUT that says nothing new while the store is away; None when it does."""
        brought = _endpoint_brought(operation)
        if brought is None or known is None or not _says_nothing_new(brought, known):
            return None
        if operation.precondition.expected not in ("", str(known.revision)):
            return None
        self._leases.remember([known.key])
        outcome: stored.Outcome = "unchanged" if known.lease_seconds is None else "renewed"
        return Written(outcome, known, known.revision, "local", True, known.lease_seconds, stored=False)


def _endpoint_brought(operation: Operation) -> Endpoint | None:
    """The endpoint that a PUT brings; None for any other operation."""
    return operation.value if isinstance(operation, Put) and isinstance(operation.value, Endpoint) else None


def _edited(index: int, operation: Edit, was: Endpoint) -> Endpoint:
    try:
        return operation.edit(was)
    except InvalidRecord as invalid:
        raise _at(index, invalid) from None


def _impossible(edit: Edit) -> StoreOperation:
    """An operation that is always refused: the store says why there is nothing to edit, or what stands there by now."""
    return stored.mark(edit.key, "=", edit.precondition.expected if edit.precondition.absent else "0")


def _says_nothing_new(put: Endpoint, known: Endpoint) -> bool:
    put = replace(put, failing=known.failing)  # a checker's doing, as a drain is an operator's: a PUT leaves it
    if known.draining:  # and with it perhaps not ready: both stay
        known = replace(known, draining=put.draining, ready=put.ready)
    return put == known


class _Became(NamedTuple):
    """What one operation did, before it is known whether this replica answers from it already."""

    result: Result
    value: Service | Endpoint
    has_changed: bool
    revision: int


def _became(operation: Operation, sent: StoreOperation, accepted: Accepted, result: Result) -> _Became:
    try:
        if (brought := _endpoint_brought(operation)) is not None:
            value: Service | Endpoint = endpoint_put(brought, sent.text, result.line)
        else:
            value = value_of(sent.key, result.line)
    except InvalidRecord:
        raise NotFound("what stood there made no sense; it was removed") from None
    has_changed = result.outcome in ("created", "changed", "deleted")
    return _Became(result, value, has_changed, accepted.revision if has_changed else value.revision)


def _written(became: _Became, accepted: Accepted, visible: bool) -> Written:
    result, value, _, revision = became
    return Written(result.outcome, value, revision, accepted.durability, visible, result.remaining_seconds)


def _meaning(operation: Operation, refused: Refused) -> DnsdError:
    what = "/".join(operation.key)
    match refused.slug:
        case "not-found":
            return NotFound(f"{what} is not registered")
        case "gone":
            return Gone(f"{what} was deleted")
        case "exists":
            return PreconditionFailed(f"{what} exists, at revision {refused.revision}")
        case "precondition" if refused.revision:
            return PreconditionFailed(f"{what} is at revision {refused.revision}")
        case "precondition":
            return PreconditionFailed(f"{what} does not exist")


def _at(index: int, fault: DnsdError) -> DnsdError:
    fault.index = index
    return fault


def _placed(invalid: InvalidRecord) -> InvalidRecord:
    """The faults of an edited value, with the pointers of the batch that it stood in."""
    if invalid.index is None:
        return invalid
    front = f"/operations/{invalid.index}/value"
    return InvalidRecord(*(Fault(f"{front}{fault.pointer}", fault.reason) for fault in invalid.faults))


def _refuse_overlaps(operations: Sequence[Operation]) -> None:
    """One change has no order: each object is named once, and nothing below a service that goes."""
    faults: list[Fault] = []
    seen: dict[ServiceKey | EndpointKey, int] = {}
    for index, operation in enumerate(operations):
        first = seen.setdefault(operation.key, index)
        if first != index:
            faults.append(Fault(f"/operations/{index}", f"is about the same object as operation {first}"))
    for index, operation in enumerate(operations):
        above = seen.get(operation.key[:2])
        if above not in (None, index) and isinstance(operations[above or 0], Delete):
            faults.append(Fault(f"/operations/{index}", f"is below the service that operation {above} deletes"))
    if faults:
        raise InvalidRecord(*faults)
