"""The one door to time. Whoever needs it takes a ``Clock``, so that tests turn it by hand."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Time as the rest of the house sees it."""

    def monotonic(self) -> float:
        """Seconds that never step back; for lengths of time."""

    def wall(self) -> float:
        """Unix time in seconds; for logs, tokens and people only."""

    async def sleep(self, seconds: float) -> None:
        """Come back after so many monotonic seconds."""


def thread_seconds() -> float:
    """Seconds of CPU that the calling thread has had."""
    return time.thread_time()


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since some moment before."""
        return time.monotonic()

    def wall(self) -> float:
        """Unix time in seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Come back after so many seconds."""
        await asyncio.sleep(seconds)
