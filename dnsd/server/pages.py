"""Large pages for the table: a look-up goes to places all over the heap, and each may cost a walk of the page tables.

From pages of 2 MiB a query cost 4.0 % less CPU with 500,000 endpoints (a virtual machine, whose walks are long); with
35,000 it was 4.6 % less one time, and no less another.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import sys
from collections.abc import Iterator
from pathlib import Path

from dnsd.runtime.clock import Clock
from dnsd.runtime.tasks import Tasks

PAGE_OCTETS = 2 << 20
MOVE_SECONDS = 0.05
"""Between two pages: answers wait for one of them, never for all."""
GROWTH_LEAST = 1 / 8
NODES_LEAST = 5000
"""So much more, and so many nodes (a page or two), must have come before all that there is is looked at again."""
_COLLAPSE = 25
"""MADV_COLLAPSE of madvise(2), Linux 6.1: move what lies in this range onto large pages now."""


class Mover:
    """Lets a table come to lie on large pages: when it was loaded, and again when changes have made it larger."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks = Tasks("pages")
        self._moving: asyncio.Task[None] | None = None
        self._due_at_nodes = 0.0

    def renew(self) -> None:
        """All of the table is new."""
        self._due_at_nodes = 0.0

    def look(self, nodes: int) -> None:
        """The table has so many nodes now: begin, if it is time to and we are not at it."""
        if nodes < self._due_at_nodes or self._moving is not None:
            return
        self._due_at_nodes = nodes * (1 + GROWTH_LEAST) + NODES_LEAST
        self._moving = self._tasks.start("move", self._move())

    def close(self) -> None:
        """Leave the rest where it is."""
        if self._moving is not None:
            self._moving.cancel()

    async def _move(self) -> None:
        try:
            for _ in moves():
                await self._clock.sleep(MOVE_SECONDS)
        except OSError:  # no descriptor is left with which to read where our memory is: the next look tries again
            self.renew()
        finally:
            self._moving = None


def moves() -> Iterator[None]:
    """Move this process's memory onto large pages, one of 2 MiB a step, which takes some milliseconds.

    What cannot be moved stays where it is; where the kernel knows nothing of this, there is no step. Raises OSError
    where it cannot be read what there is.
    """
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None, use_errno=True).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    is_known = False
    for start, end in areas(Path("/proc/self/maps").read_text()):
        for at in range(start, end, PAGE_OCTETS):
            is_done = madvise(at, PAGE_OCTETS, _COLLAPSE) == 0
            if not (is_done or is_known) and ctypes.get_errno() == errno.EINVAL:
                return
            is_known = True
            yield


def areas(maps: str) -> Iterator[tuple[int, int]]:
    """Start and end of the whole large pages in what a process has allocated, from ``/proc/PID/maps``."""
    for line in maps.splitlines():
        bounds, flags, _, _, inode, *name = line.split()
        if flags == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            start, end = (int(bound, 16) for bound in bounds.split("-"))
            yield -(-start // PAGE_OCTETS) * PAGE_OCTETS, end // PAGE_OCTETS * PAGE_OCTETS
