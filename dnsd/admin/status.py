"""Is it alive, is it ready: what a supervisor and a load balancer ask."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from dnsd.admin import replies
from dnsd.registry.disk import Disk
from dnsd.registry.mirror import Mirror
from dnsd.registry.replicas import Replicas
from dnsd.registry.ticker import Ticker


class StatusCalls:
    """``/livez`` and ``/readyz``."""

    def __init__(
        self,
        mirror: Mirror,
        replica: str,
        is_leaving: Callable[[], bool],
        disk: Disk | None,
        ticker: Ticker | None,
        replicas: Replicas,
    ) -> None:
        self._mirror = mirror
        self._replica = replica
        self._is_leaving = is_leaving
        self._disk = disk
        self._ticker = ticker
        self._replicas = replicas

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get("/livez", self.live), web.get("/readyz", self.ready)]

    async def live(self, _: web.Request) -> web.Response:
        """The loop turns."""
        return web.Response(text="ok\n")

    async def ready(self, _: web.Request) -> web.Response:
        """200 once the registry was loaded and until this replica leaves; losing the store later never flips it.

        A store that is away would make all replicas unready at once, although all of them can answer.
        """
        status = self._mirror.status()
        is_ready = status.loaded and not self._is_leaving()
        body = {
            "ready": is_ready,
            "loaded": status.loaded,
            "connected": status.connected,
            "degraded": status.is_suspect or not status.connected,
            "leaving": self._is_leaving(),
            "revision": status.revision,
            "epoch": status.epoch,
            "mirror_age_seconds": round(status.age_seconds, 3) if status.loaded else None,
            "problem": status.problem,
            "store_suspect": status.is_suspect,
            "held_records": status.held,
            "self_preservation": bool(self._ticker and self._ticker.guard_since),
            "held_endpoints": self._ticker.held if self._ticker else 0,
            "digest": self._replicas.digest or None,
            "digest_revision": self._replicas.digest_revision if self._replicas.digest else None,
            "disk_problem": self._disk.problem if self._disk else "",
            "replica": self._replica,
        }
        return replies.reply(body, status=200 if is_ready else 503)
