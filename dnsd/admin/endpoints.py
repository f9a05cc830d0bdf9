"""Calls about endpoints: register, read, patch, deregister, list."""

from __future__ import annotations

from aiohttp import web

from dnsd.admin import lists, paths, queries, replies
from dnsd.admin.access import Access
from dnsd.admin.bodies import read_json, read_nothing
from dnsd.admin.inventory import loaded_inventory
from dnsd.admin.preconditions import precondition_of
from dnsd.admin.writes import Writes
from dnsd.codec.document import Refusal, endpoint_from_document, endpoint_patch
from dnsd.model.errors import NotFound
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.registry.services import Delete, Edit, Put


class EndpointCalls:
    """The calls at ``…/endpoints/{id}``, and the list of all."""

    def __init__(self, writes: Writes, access: Access, leases: Leases, mirror: Mirror, refusal: Refusal) -> None:
        self._writes = writes
        self._access = access
        self._leases = leases
        self._mirror = mirror
        self._refusal = refusal

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [
            web.put(paths.ENDPOINT, self.put),
            web.get(paths.ENDPOINT, self.get),
            web.patch(paths.ENDPOINT, self.patch),
            web.delete(paths.ENDPOINT, self.delete),
            web.get("/v1/endpoints", self.list_all),
        ]

    async def put(self, request: web.Request) -> web.Response:
        """Register an endpoint, or renew it when nothing differs."""
        queries.check_parameters(request)
        precondition = precondition_of(request, may_create=True)
        document = await read_json(request)
        path = request.match_info
        endpoint = endpoint_from_document(document, path["namespace"], path["service"], path["id"], self._refusal)
        return replies.reply_written(await self._writes.write(request, Put(endpoint, precondition)))

    async def get(self, request: web.Request) -> web.Response:
        """An endpoint with its lease."""
        queries.check_parameters(request)
        key = paths.endpoint_key_of(request)
        endpoint = loaded_inventory(self._mirror).endpoint(key)
        if endpoint is None:
            raise NotFound(f"no endpoint {key[2]} of service {key[1]} in namespace {key[0]}")
        remaining = await self._leases.remaining_seconds([key])
        return replies.reply_object(endpoint, replies.endpoint_documents([endpoint], remaining)[0])

    async def patch(self, request: web.Request) -> web.Response:
        """Change weight, priority, ready or metadata."""
        queries.check_parameters(request)
        key = paths.endpoint_key_of(request)
        precondition = precondition_of(request)
        edit = endpoint_patch(await read_json(request))
        return replies.reply_written(await self._writes.write(request, Edit(key, edit, precondition)))

    async def delete(self, request: web.Request) -> web.Response:
        """Deregister; the reply is the object as it was."""
        queries.check_parameters(request)
        key = paths.endpoint_key_of(request)
        precondition = precondition_of(request)
        await read_nothing(request)
        return replies.reply_deleted(await self._writes.write(request, Delete(key, precondition)))

    async def list_all(self, request: web.Request) -> web.Response:
        """All endpoints."""
        queries.check_parameters(request, *lists.PARAMETERS, "service", repeatable="label")
        selection = lists.selection_of(request, 3, self._access.may_read(request))
        page = lists.endpoints_page(loaded_inventory(self._mirror), selection)
        revision = self._mirror.revision
        remaining = await self._leases.remaining_seconds([endpoint.key for endpoint in page.items])
        items = replies.endpoint_documents(page.items, remaining)
        return replies.reply({"items": items, "next": page.next, "revision": revision})
