"""Many writes as one atomic change."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from dnsd.admin import operations, queries, replies
from dnsd.admin.bodies import LARGE_BODY_OCTETS_MOST, read_json
from dnsd.admin.failures import BATCH_PATH
from dnsd.admin.preconditions import refuse_precondition
from dnsd.admin.writes import Writes
from dnsd.codec.document import Refusal
from dnsd.registry.services import Batch


class BatchCalls:
    """``/v1/batch``."""

    def __init__(self, writes: Writes, refusal: Refusal) -> None:
        self._writes = writes
        self._refusal = refusal

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.post(BATCH_PATH, self.write)]

    async def write(self, request: web.Request) -> web.Response:
        """All operations, as one revision and one change, or none of them."""
        queries.check_parameters(request)
        refuse_precondition(request)
        # In a thread: a thousand documents take some 20 ms, and heartbeats wait for the loop. Kept by no name: what is
        # written needs the body no more, and the garbage collector would walk it.
        wanted = await asyncio.to_thread(
            operations.operations_from_document, await read_json(request, LARGE_BODY_OCTETS_MOST), self._refusal
        )
        batch = await self._writes.batch(request, wanted)
        return replies.reply_text(batch_text(batch))


def batch_document(batch: Batch) -> dict[str, object]:
    """What a batch did."""
    return {
        "revision": batch.revision,
        "durability": batch.durability,
        "visible": batch.visible,
        "results": [replies.written_document(written) for written in batch.results],
    }


def batch_text(batch: Batch) -> str:
    """The same as JSON."""
    front = json.dumps({"revision": batch.revision, "durability": batch.durability, "visible": batch.visible})
    return f'{front[:-1]}, "results": [{",".join(map(replies.written_text, batch.results))}]}}'
