"""The end of asyncio's listeners, at which nobody is lost whom they have let in already."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

_TURNS_TO_BE_KNOWN = 2
"""One until there is a transport, one until its protocol is told of it."""


async def end_listeners(listeners: Sequence[asyncio.Server]) -> None:
    """Accept nobody more, and come back when whoever was accepted before is known to his protocol.

    ``Server.close()`` alone loses who was accepted in the turn before it: his connection stays open, and nobody reads
    it (CPython, gh-109564).
    """
    loop = asyncio.get_running_loop()
    for listener in listeners:
        for each in listener.sockets:
            loop.remove_reader(each.fileno())
    for _ in range(_TURNS_TO_BE_KNOWN):
        await asyncio.sleep(0)
    for listener in listeners:
        listener.close()
