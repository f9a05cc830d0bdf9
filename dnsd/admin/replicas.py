"""The replicas of this registry: who is there, how far each has come, and whether all hold the same."""

from __future__ import annotations

from aiohttp import web

from dnsd.admin import queries, replies
from dnsd.registry.replicas import Replicas


class ReplicaCalls:
    """``/v1/replicas``."""

    def __init__(self, replicas: Replicas, replica: str) -> None:
        self._replicas = replicas
        self._replica = replica

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get("/v1/replicas", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """All that reported of late; 503 while the store is away."""
        queries.check_parameters(request)
        fellows = await self._replicas.fellows()
        newest = max((each.revision for each in fellows), default=0)
        items = [
            {
                "replica": each.name,
                "revision": each.revision,
                "lag": newest - each.revision,
                "digest": each.digest or None,
                "last_seen_seconds": each.seen_seconds,
                "is_self": each.name == self._replica,
            }
            for each in fellows
        ]
        return replies.reply({"items": items})
