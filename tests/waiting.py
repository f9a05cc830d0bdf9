"""Waiting for a condition, with a deadline: no test sleeps in the hope that something has happened meanwhile."""

import asyncio
import time
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

DEADLINE_SECONDS = 20.0


def until(is_true: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> float:
    """Ask until it is true; returns how many seconds that took, fails after ``seconds``."""
    start = time.monotonic()
    while not is_true():
        assert time.monotonic() - start < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return time.monotonic() - start


async def eventually(
    is_true: Callable[[], Any], what: str = "the condition holds", seconds: float = DEADLINE_SECONDS
) -> None:
    """The same while the loop turns; the condition may be a coroutine's."""
    start = time.monotonic()
    while not (await found if isawaitable(found := is_true()) else found):
        assert time.monotonic() - start < seconds, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.002)
