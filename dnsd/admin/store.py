"""The store as an operator sees it: what it has lost written back, or accepted as it is."""

from __future__ import annotations

from aiohttp import web

from dnsd.admin import queries, replies
from dnsd.admin.access import Access
from dnsd.admin.bodies import read_nothing
from dnsd.admin.inventory import loaded_inventory
from dnsd.registry.mirror import Mirror
from dnsd.registry.refill import Refill


class StoreCalls:
    """``/v1/store/restore`` and ``/v1/store/adopt``."""

    def __init__(self, mirror: Mirror, refill: Refill, access: Access) -> None:
        self._access = access
        self._mirror = mirror
        self._refill = refill

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.post("/v1/store/restore", self.restore), web.post("/v1/store/adopt", self.adopt)]

    async def restore(self, request: web.Request) -> web.Response:
        """Write back every record that we answer and the store lacks, permanent ones too; none that was deleted."""
        queries.check_parameters(request)
        await read_nothing(request)
        loaded_inventory(self._mirror)
        counts = await self._refill.restore_held(self._access.author(request))
        body = {"restored": counts["created"], "present": counts["unchanged"], "deleted": counts["skipped"]}
        return replies.reply(body)

    async def adopt(self, request: web.Request) -> web.Response:
        """Accept the store as it is: on all replicas, what it lacks leaves the answers within about a second."""
        queries.check_parameters(request)
        await read_nothing(request)
        loaded_inventory(self._mirror)
        dropped = await self._mirror.adopt(self._access.author(request))
        return replies.reply({"epoch": self._mirror.epoch, "dropped": dropped})
