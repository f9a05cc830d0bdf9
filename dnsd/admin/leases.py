"""Heartbeats: one, or many at once. While the store is away they are noted and answered, and nobody need panic."""

from __future__ import annotations

from aiohttp import web

from dnsd.admin import paths, queries, replies
from dnsd.admin.access import Access
from dnsd.admin.bodies import read_json, read_nothing
from dnsd.admin.failures import RegisterAgain
from dnsd.admin.operations import keys_from_document
from dnsd.admin.preconditions import refuse_precondition
from dnsd.model.errors import Gone
from dnsd.model.service import EndpointKey
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror


class LeaseCalls:
    """``…/renew`` and ``/v1/renew``."""

    def __init__(self, leases: Leases, mirror: Mirror, access: Access) -> None:
        self._leases = leases
        self._access = access
        self._mirror = mirror

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.post(paths.ENDPOINT + "/renew", self.renew), web.post("/v1/renew", self.renew_many)]

    async def renew(self, request: web.Request) -> web.Response:
        """One heartbeat. 404 ``register-again`` when unknown, 410 when it was deleted on purpose."""
        queries.check_parameters(request)
        refuse_precondition(request)
        key = paths.endpoint_key_of(request)
        await read_nothing(request)
        renewals = await self._leases.renew([key])
        if key in renewals.deleted:
            raise Gone(f"endpoint {key[2]} of {key[1]}.{key[0]} was deleted on purpose")
        if key in renewals.unknown:
            raise RegisterAgain(f"endpoint {key[2]} of {key[1]}.{key[0]} is not registered: PUT it again")
        body = replies.key_document(key) | {"stored": renewals.stored, "revision": renewals.revision}
        return replies.reply(body | {"lease": self._lease(key, dict(renewals.renewed).get(key))})

    async def renew_many(self, request: web.Request) -> web.Response:
        """Many heartbeats; always 200, with what became of each."""
        queries.check_parameters(request)
        refuse_precondition(request)
        keys = keys_from_document(await read_json(request))
        self._access.check(request, "register", keys)
        renewals = await self._leases.renew(keys)
        return replies.reply(
            {
                "renewed": [
                    replies.key_document(key) | {"remaining_seconds": remaining} for key, remaining in renewals.renewed
                ],
                "unknown": [replies.key_document(key) for key in renewals.unknown],
                "deleted": [replies.key_document(key) for key in renewals.deleted],
                "stored": renewals.stored,
                "revision": renewals.revision,
            }
        )

    def _lease(self, key: EndpointKey, remaining_seconds: int | None) -> object:
        endpoint = self._mirror.catalog.inventory.endpoint(key)
        return None if endpoint is None else replies.lease_document(endpoint, remaining_seconds).get("lease")
