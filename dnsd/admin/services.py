"""Calls about services: declare, read, remove, list."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiohttp import web

from dnsd.admin import lists, paths, queries, replies
from dnsd.admin.access import Access
from dnsd.admin.batch import batch_document
from dnsd.admin.bodies import LARGE_BODY_OCTETS_MOST, read_json, read_nothing
from dnsd.admin.failures import TooLarge
from dnsd.admin.inventory import loaded_inventory
from dnsd.admin.operations import OPERATIONS_MOST, endpoints_from_document
from dnsd.admin.preconditions import precondition_of, refuse_precondition
from dnsd.admin.writes import Writes
from dnsd.codec.document import Refusal, document_of, service_from_document
from dnsd.model.errors import NotFound
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.registry.services import Delete, Operation, Put


class ServiceCalls:
    """The calls below ``…/services``."""

    def __init__(self, writes: Writes, access: Access, leases: Leases, mirror: Mirror, refusal: Refusal) -> None:
        self._writes = writes
        self._access = access
        self._leases = leases
        self._mirror = mirror
        self._refusal = refusal

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [
            web.put(paths.SERVICE, self.put),
            web.get(paths.SERVICE, self.get),
            web.delete(paths.SERVICE, self.delete),
            web.put(paths.ENDPOINTS, self.replace_endpoints),
            web.get(paths.SERVICES, self.list_namespace),
            web.get("/v1/services", self.list_all),
        ]

    async def put(self, request: web.Request) -> web.Response:
        """Declare or replace a service."""
        queries.check_parameters(request)
        precondition = precondition_of(request, may_create=True)
        document = await read_json(request)
        path = request.match_info
        service = service_from_document(document, path["namespace"], path["service"], self._refusal)
        return replies.reply_written(await self._writes.write(request, Put(service, precondition)))

    async def get(self, request: web.Request) -> web.Response:
        """A service with its endpoints."""
        queries.check_parameters(request)
        key = paths.service_key_of(request)
        holding = loaded_inventory(self._mirror).holdings.get(key)
        if holding is None or holding.service is None:
            raise NotFound(f"no service {key[1]} in namespace {key[0]}")
        service, endpoints = holding.service, [holding.endpoints[each] for each in sorted(holding.endpoints)]
        remaining = await self._leases.remaining_seconds([endpoint.key for endpoint in endpoints])
        body = document_of(service) | {"endpoints": replies.endpoint_documents(endpoints, remaining)}
        return replies.reply_object(service, body)

    async def delete(self, request: web.Request) -> web.Response:
        """Remove a service; the reply is the object as it was."""
        queries.check_parameters(request)
        key = paths.service_key_of(request)
        precondition = precondition_of(request)
        await read_nothing(request)
        return replies.reply_deleted(await self._writes.write(request, Delete(key, precondition)))

    async def replace_endpoints(self, request: web.Request) -> web.Response:
        """Let a service have exactly these endpoints, in one change: no answer in between is empty."""
        queries.check_parameters(request)
        refuse_precondition(request)
        key = paths.service_key_of(request)
        document = await read_json(request, LARGE_BODY_OCTETS_MOST)
        wanted = await asyncio.to_thread(endpoints_from_document, document, key, self._refusal)
        holding = loaded_inventory(self._mirror).holdings.get(key)
        standing = holding.endpoints if holding is not None else {}
        kept = {endpoint.id for endpoint in wanted}
        gone = [Delete(standing[each].key) for each in sorted(standing) if each not in kept]
        operations: list[Operation] = [*(Put(endpoint) for endpoint in wanted), *gone]
        if not operations:
            raise NotFound(f"service {key[1]} of namespace {key[0]} has no endpoints, and none were given")
        if len(operations) > OPERATIONS_MOST:
            raise TooLarge(f"{len(operations)} endpoints come or go; one call does at most {OPERATIONS_MOST}")
        return replies.reply(batch_document(await self._writes.batch(request, operations)))

    async def list_namespace(self, request: web.Request) -> web.Response:
        """A namespace's services."""
        queries.check_parameters(request, "limit", "cursor", "state", repeatable="label")
        namespace = paths.namespace_of(request)
        selection = lists.selection_of(request, 2, self._access.may_read(request))
        return self._list(replace(selection, namespace=namespace))

    async def list_all(self, request: web.Request) -> web.Response:
        """All services."""
        queries.check_parameters(request, *lists.PARAMETERS, repeatable="label")
        return self._list(lists.selection_of(request, 2, self._access.may_read(request)))

    def _list(self, selection: lists.Selection) -> web.Response:
        page = lists.services_page(loaded_inventory(self._mirror), selection)
        items = [document_of(service) for service in page.items]
        return replies.reply({"items": items, "next": page.next, "revision": self._mirror.revision})
