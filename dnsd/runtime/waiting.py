"""Waiting for a future, for so long at most: a third of the price of ``asyncio.timeout``, which can guard any code."""

from __future__ import annotations

import asyncio


async def settled(future: asyncio.Future[bool], within_seconds: float) -> bool:
    """What the future is settled with; False when nobody did it in time. It must be the caller's own."""
    timer = asyncio.get_running_loop().call_later(within_seconds, settle, future, False)
    try:
        return await future
    finally:
        timer.cancel()


def settle(future: asyncio.Future[bool], outcome: bool) -> None:
    """Give it its outcome, unless it has one or its owner has gone."""
    if not future.done():
        future.set_result(outcome)
