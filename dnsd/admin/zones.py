"""The zones as they are answered, and each of them as a master file: what would a secondary hold?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice

from aiohttp import web

from dnsd.admin import replies
from dnsd.admin.inventory import loaded_inventory
from dnsd.admin.queries import check_parameters
from dnsd.authority.table import Table
from dnsd.codec.zonefile_writer import zone_file_lines
from dnsd.model.errors import NotFound
from dnsd.model.names import Name, name_from_text, name_to_text
from dnsd.registry.mirror import Mirror

LINES_A_CHUNK = 2000


class ZoneCalls:
    """``/v1/zones`` and ``/v1/zones/{zone}/file``."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get("/v1/zones", self.list), web.get("/v1/zones/{zone}/file", self.file, allow_head=False)]

    async def list(self, request: web.Request) -> web.Response:
        """All zones with their serials; ``static``: from a master file."""
        check_parameters(request)
        table = self._table()
        items = [
            {
                "zone": name_to_text(zone.origin),
                "serial": zone.soa.serial & 0xFFFFFFFF,
                "static": not zone.follows_revision,
            }
            for zone in table.zones.values()
        ]
        return replies.reply({"items": items, "next": None, "revision": table.revision})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """One zone as text/dns (RFC 4027), made chunk by chunk beside the loop."""
        check_parameters(request)
        table = self._table()
        origin = _origin(request.match_info["zone"], table)
        lines = await asyncio.to_thread(zone_file_lines, table, origin)
        return await replies.reply_chunks(request, "text/dns; charset=us-ascii", _chunks(lines))

    def _table(self) -> Table:
        loaded_inventory(self._mirror)
        return self._mirror.catalog.table


def _origin(text: str, table: Table) -> Name:
    """The zone's origin. Raises NotFound that names the zones there are."""
    try:
        origin = name_from_text(text).lower()
    except ValueError as fault:
        raise NotFound(f"{text!r:.100} is no name: {fault}") from None
    if origin not in table.zones:
        known = ", ".join(name_to_text(each) for each in table.zones)
        raise NotFound(f"no zone {name_to_text(origin)}; there are: {known}")
    return origin


async def _chunks(lines: Iterator[str]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(_chunk, lines):
        yield chunk


def _chunk(lines: Iterator[str]) -> bytes:
    return "".join(f"{line}\n" for line in islice(lines, LINES_A_CHUNK)).encode("ascii", "replace")
