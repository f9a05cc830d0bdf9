"""The whole registry as one readable file, and back: a JSON object a line, the first says what it is a backup of."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web

from dnsd.admin import queries, replies
from dnsd.admin.bodies import LARGE_BODY_OCTETS_MOST, read_json
from dnsd.admin.failures import TooLarge
from dnsd.admin.inventory import loaded_inventory
from dnsd.admin.writes import Writes
from dnsd.codec.document import Refusal, document_of, endpoint_from_stored, service_from_stored
from dnsd.codec.reading import read_shape
from dnsd.codec.shapes import EndpointShape, ServiceShape, Shape
from dnsd.model.errors import Fault, InvalidRecord, PreconditionFailed
from dnsd.model.service import Endpoint, Service
from dnsd.registry.mirror import Mirror
from dnsd.registry.services import Precondition, Put

FORMAT = 1
OBJECTS_MOST = 1000
_LINES_AT_ONCE = 500
_TRIES_MOST = 10


class BackupCalls:
    """``GET /v1/backup`` and ``POST /v1/restore``."""

    def __init__(self, writes: Writes, mirror: Mirror, refusal: Refusal) -> None:
        self._writes = writes
        self._mirror = mirror
        self._refusal = refusal

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get("/v1/backup", self.backup), web.post("/v1/restore", self.restore)]

    async def backup(self, request: web.Request) -> web.StreamResponse:
        """Everything as of one revision, services first."""
        queries.check_parameters(request)
        inventory = loaded_inventory(self._mirror)
        values: list[Service | Endpoint] = [*inventory.services(), *inventory.endpoints()]
        head = {"dnsd_backup": FORMAT, "epoch": self._mirror.epoch, "revision": self._mirror.revision}
        return await replies.reply_chunks(request, "application/x-ndjson", _chunks(head, values))

    async def restore(self, request: web.Request) -> web.Response:
        """Put these objects where none stands; with ``replace`` also over those that differ, in one change."""
        queries.check_parameters(request, "replace", "dry_run")
        replaces, dry_run = queries.flag(request, "replace"), queries.flag(request, "dry_run")
        values = self._values(await read_json(request, LARGE_BODY_OCTETS_MOST))
        outcomes = Counter({"created": 0, "changed": 0, "unchanged": 0})
        inventory = loaded_inventory(self._mirror)
        puts = []
        for value in values:
            known = inventory.service(value.key) if isinstance(value, Service) else inventory.endpoint(value.key)
            if known is None:
                puts.append(Put(value) if replaces else Put(value, Precondition(absent=True)))
            elif replaces and known != value:
                puts.append(Put(value))
            outcomes["created" if known is None else "changed" if replaces and known != value else "unchanged"] += 1
        self._writes.check(request, [Put(value) for value in values])
        if puts and not dry_run:
            outcomes["created"] -= await self._write(request, puts)
        return replies.reply({"dry_run": dry_run, **outcomes})

    async def _write(self, request: web.Request, puts: Sequence[Put]) -> int:
        """All of them, without those that somebody else registered meanwhile; returns how many these were."""
        left = list(puts)
        for _ in range(_TRIES_MOST):
            try:
                await self._writes.batch(request, left)
            except PreconditionFailed as failure:
                if failure.index is None:
                    raise
                del left[failure.index]
            else:
                return len(puts) - len(left)
        raise PreconditionFailed("others register what is restored; try again")

    def _values(self, body: Any) -> list[Service | Endpoint]:
        items = body.get("items") if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise InvalidRecord(Fault("/items", "a list of objects is needed"))
        if len(items) > OBJECTS_MOST:
            raise TooLarge(f"{len(items)} objects; one call takes at most {OBJECTS_MOST}")
        values, faults = [], []
        for index, item in enumerate(items):
            try:
                values.append(_value(item, self._refusal))
            except InvalidRecord as invalid:
                faults += [Fault(f"/items/{index}{fault.pointer}", fault.reason) for fault in invalid.faults]
        if faults:
            raise InvalidRecord(*faults)
        return [value for value in values if isinstance(value, Endpoint) or value.declared]


async def _chunks(head: dict[str, object], values: Sequence[Service | Endpoint]) -> AsyncIterator[bytes]:
    yield _line(head | {"objects": len(values)})
    for at in range(0, len(values), _LINES_AT_ONCE):
        yield b"".join(_line(document_of(value)) for value in values[at : at + _LINES_AT_ONCE])
        await asyncio.sleep(0)


def _line(document: dict[str, object]) -> bytes:
    return f"{json.dumps(document)}\n".encode()


def _value(item: Any, refusal: Refusal) -> Service | Endpoint:
    """The object of one line, by the rules of any registration."""
    if not isinstance(item, dict) or item.get("kind") not in ("service", "endpoint"):
        raise InvalidRecord(Fault("/kind", "neither a service nor an endpoint"))
    try:
        value, field, addresses = _stored(item)
    except InvalidRecord:
        _check_shape(item)
        raise
    faults = [Fault(f"/{field}/{at}", why) for at, address in enumerate(addresses) if (why := refusal(address))]
    if faults:
        raise InvalidRecord(*faults)
    return value


def _stored(item: dict[str, Any]) -> tuple[Service | Endpoint, str, Sequence[str]]:
    """The object, its field of addresses, and these; fields that a newer dnsd wrote are passed over."""
    if item["kind"] == "service":
        namespace, name = _texts(item, "namespace", "name")
        service = service_from_stored(json.dumps(item), namespace, name, 0, 0)
        return service, "cluster_ips", service.cluster_ips
    namespace, name, identifier = _texts(item, "namespace", "service", "id")
    endpoint = endpoint_from_stored(json.dumps({"addresses": [], **item}), namespace, name, identifier, 0, 0)
    return endpoint, "addresses", endpoint.addresses


def _check_shape(item: dict[str, Any]) -> None:
    """Name the fields that are wrong, as a registration would: the store's reader, which is fast, says only why."""
    shape: type[Shape] = ServiceShape if item["kind"] == "service" else EndpointShape
    read_shape(shape, {field: item[field] for field in shape.model_fields if field in item})


def _texts(item: dict[str, Any], *fields: str) -> list[str]:
    missing = [Fault(f"/{field}", "text is needed") for field in fields if not isinstance(item.get(field), str)]
    if missing:
        raise InvalidRecord(*missing)
    return [item[field] for field in fields]
