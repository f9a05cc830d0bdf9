"""Out of the answers before it goes, and back again."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from dnsd.admin import paths, queries, replies
from dnsd.admin.access import Access
from dnsd.admin.bodies import read_nothing
from dnsd.admin.preconditions import refuse_precondition
from dnsd.registry.drains import Drained, Drains


class DrainCalls:
    """``…/drain`` and ``…/undrain``."""

    def __init__(self, drains: Drains, access: Access) -> None:
        self._drains = drains
        self._access = access

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.post(paths.ENDPOINT + "/drain", self.drain), web.post(paths.ENDPOINT + "/undrain", self.undrain)]

    async def drain(self, request: web.Request) -> web.Response:
        """Take an endpoint out of the answers; answered when every live replica has, or with those that have not.

        A service's last endpoint stays in the answers unless ``?force=true``.
        """
        queries.check_parameters(request, "force")
        refuse_precondition(request)
        key = paths.endpoint_key_of(request)
        force = queries.flag(request, "force")
        await read_nothing(request)
        return replies.reply(_drained_document(await self._drains.drain(key, force, self._access.author(request))))

    async def undrain(self, request: web.Request) -> web.Response:
        """Put an endpoint back."""
        queries.check_parameters(request)
        refuse_precondition(request)
        key = paths.endpoint_key_of(request)
        await read_nothing(request)
        return replies.reply_written(await self._drains.undrain(key, self._access.author(request)))


def _drained_document(drained: Drained) -> dict[str, object]:
    written = drained.written
    return {
        "applied": list(drained.applied),
        "pending": list(drained.pending),
        "safe_at": None if drained.safe_at is None else _time_text(drained.safe_at),
        "last": drained.last,
        "revision": written.revision,
        **replies.certainty(written),
        "endpoint": replies.written_document(written),
    }


def _time_text(unix_seconds: float) -> str:
    """RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
