"""Who wrote what: the audit, page by page, the newest first."""

from __future__ import annotations

import re

from aiohttp import web

from dnsd.admin import queries, replies
from dnsd.admin.failures import BadParameter
from dnsd.registry.audit import Audit

_ENTRY = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")


class AuditCalls:
    """``/v1/audit``."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get("/v1/audit", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """A page of entries."""
        queries.check_parameters(request, "limit", "cursor")
        limit = queries.limit(request)
        found = queries.cursor(request, 1)
        if found is not None and not _ENTRY.fullmatch(found[0]):
            raise BadParameter("cursor is not one that the audit gave")
        items = await self._audit.page(limit + 1, found[0] if found else "")
        more = queries.cursor_text((str(items[limit - 1]["id"]),)) if len(items) > limit else None
        return replies.reply({"items": items[:limit], "next": more})
