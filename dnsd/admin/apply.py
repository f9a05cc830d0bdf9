"""Kubernetes manifests, as they are, as one change; or, as a dry run, what they would change."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiohttp import web

from dnsd.admin import queries, replies
from dnsd.admin.batch import batch_document
from dnsd.admin.bodies import JSON_TYPES, LARGE_BODY_OCTETS_MOST, MANIFEST_TYPES, json_value, read_octets
from dnsd.admin.failures import TooLarge
from dnsd.admin.inventory import loaded_inventory
from dnsd.admin.operations import OPERATIONS_MOST
from dnsd.admin.preconditions import refuse_precondition
from dnsd.admin.pruning import NOTHING_PRUNED, pruning
from dnsd.admin.writes import Writes
from dnsd.authority.inventory import Inventory
from dnsd.codec.document import Refusal, document_of
from dnsd.codec.manifest import Manifests, read_manifests
from dnsd.model.service import Endpoint, Service
from dnsd.registry.mirror import Mirror
from dnsd.registry.services import Delete, Operation, Precondition, Put


class ApplyCalls:
    """``/v1/apply``."""

    def __init__(self, writes: Writes, mirror: Mirror, refusal: Refusal) -> None:
        self._writes = writes
        self._mirror = mirror
        self._refusal = refusal
        self._reading = asyncio.Semaphore(1)

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.post("/v1/apply", self.apply)]

    async def apply(self, request: web.Request) -> web.Response:
        """Put all that the manifests say, in one change; nothing when one of them is wrong.

        With ``prune``, what stands in their namespaces and they do not name goes in the same change.
        """
        queries.check_parameters(request, "dry_run", "prune", "force")
        refuse_precondition(request)
        dry_run, prunes, forces = (queries.flag(request, name) for name in ("dry_run", "prune", "force"))
        octets = await read_octets(request, MANIFEST_TYPES, LARGE_BODY_OCTETS_MOST)
        async with self._reading:  # one at a time: the YAML of one call can take a thread a second
            manifests = await asyncio.to_thread(_read, octets, request.content_type in JSON_TYPES, self._refusal)
        plan = pruning(loaded_inventory(self._mirror), manifests.values) if prunes else NOTHING_PRUNED
        _check_count(len(manifests.values) + len(plan.removed))
        operations: list[Operation] = [Put(value) for value in manifests.values]
        operations += [Delete(value.key, Precondition(value.revision)) for value in plan.removed]
        self._writes.check(request, operations)
        if dry_run or not operations:
            result = _planned(loaded_inventory(self._mirror), manifests.values, plan.removed, self._mirror.revision)
        else:
            if not forces:
                plan.check()
            result = batch_document(await self._writes.batch(request, operations))
        return replies.reply({"dry_run": dry_run, **result, "notes": [*manifests.notes, *plan.notes]})


def _check_count(count: int) -> None:
    if count > OPERATIONS_MOST:
        raise TooLarge(f"{count} objects are put or removed; one call does at most {OPERATIONS_MOST}")


def _read(octets: bytes, is_json: bool, refusal: Refusal) -> Manifests:
    if is_json:
        json_value(octets)  # for its limits, and for 400: JSON is YAML, so the one reader below serves both
    return read_manifests(octets, refusal)


def _planned(
    inventory: Inventory,
    values: tuple[Service | Endpoint, ...],
    removed: tuple[Service | Endpoint, ...],
    revision: int,
) -> dict[str, object]:
    """What putting and removing these would do, in the shape of a batch's reply."""
    return {
        "revision": revision,
        "durability": None,
        "visible": True,
        "results": [
            *(document_of(value) | {"outcome": _outcome(inventory, value)} for value in values),
            *(document_of(value) | {"outcome": "deleted"} for value in removed),
        ],
    }


def _outcome(inventory: Inventory, value: Service | Endpoint) -> str:
    standing: Service | Endpoint | None
    if isinstance(value, Service):
        standing = inventory.service(value.key)
    else:
        standing = inventory.endpoint(value.key)
        if standing is not None:
            value = replace(value, draining=standing.draining, failing=standing.failing)  # a PUT ends neither
    if standing is None:
        return "created"
    return "unchanged" if standing == value else "changed"
