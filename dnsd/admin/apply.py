"""Kubernetes manifests, as they are, as one change; or, as a dry run, what they would change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from aiohttp import web

from dnsd.admin import queries, replies
from dnsd.admin.batch import batch_document
from dnsd.admin.bodies import JSON_TYPES, LARGE_BODY_OCTETS_MOST, MANIFEST_TYPES, json_value, read_octets
from dnsd.admin.failures import TooLarge
from dnsd.admin.inventory import loaded_inventory
from dnsd.admin.operations import OPERATIONS_MOST
from dnsd.admin.preconditions import refuse_precondition
from dnsd.authority.inventory import Inventory
from dnsd.codec.document import Refusal, document_of
from dnsd.codec.manifest import Manifests, read_manifests
from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.service import Endpoint, Service
from dnsd.registry.mirror import Mirror
from dnsd.registry.services import Put, Services


class ApplyCalls:
    """``/v1/apply``."""

    def __init__(self, services: Services, mirror: Mirror, refusal: Refusal) -> None:
        self._services = services
        self._mirror = mirror
        self._refusal = refusal
        self._reading = asyncio.Semaphore(1)

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.post("/v1/apply", self.apply)]

    async def apply(self, request: web.Request) -> web.Response:
        """Put all that the manifests say, in one change; nothing when one of them is wrong."""
        queries.check_parameters(request, "dry_run")
        refuse_precondition(request)
        dry_run = queries.flag(request, "dry_run")
        octets = await read_octets(request, MANIFEST_TYPES, LARGE_BODY_OCTETS_MOST)
        async with self._reading:  # one at a time: the YAML of one call can take a thread a second
            manifests = await asyncio.to_thread(_read, octets, request.content_type in JSON_TYPES)
        self._check(manifests.values)
        if dry_run:
            result = _planned(loaded_inventory(self._mirror), manifests.values, self._mirror.revision)
        elif manifests.values:
            result = batch_document(await self._services.batch([Put(value) for value in manifests.values]))
        else:
            result = _planned(loaded_inventory(self._mirror), (), self._mirror.revision)
        return replies.reply({"dry_run": dry_run, **result, "notes": list(manifests.notes)})

    def _check(self, values: tuple[Service | Endpoint, ...]) -> None:
        if len(values) > OPERATIONS_MOST:
            raise TooLarge(f"{len(values)} objects; send at most {OPERATIONS_MOST} in one call")
        faults = [
            Fault("", f"{value.key}: {why}")
            for value in values
            for text in _addresses(value)
            if (why := self._refusal(text))
        ]
        if faults:
            raise InvalidRecord(*faults)


def _read(octets: bytes, is_json: bool) -> Manifests:
    if is_json:
        json_value(octets)  # for its limits, and for 400: JSON is YAML, so the one reader below serves both
    return read_manifests(octets)


def _addresses(value: Service | Endpoint) -> Iterable[str]:
    return value.cluster_ips if isinstance(value, Service) else value.addresses


def _planned(inventory: Inventory, values: tuple[Service | Endpoint, ...], revision: int) -> dict[str, object]:
    """What putting the values would do, in the shape of a batch's reply."""
    return {
        "revision": revision,
        "durability": None,
        "visible": True,
        "results": [document_of(value) | {"outcome": _outcome(inventory, value)} for value in values],
    }


def _outcome(inventory: Inventory, value: Service | Endpoint) -> str:
    standing: Service | Endpoint | None
    if isinstance(value, Service):
        standing = inventory.service(value.key)
    else:
        standing = inventory.endpoint(value.key)
        if standing is not None:
            value = replace(value, draining=standing.draining)  # a PUT never ends a drain
    if standing is None:
        return "created"
    return "unchanged" if standing == value else "changed"
