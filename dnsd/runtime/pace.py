"""Long work in a thread beside the event loop. Both need the one interpreter, so the work rests between its pieces.

Without rests the loop hardly gets on: each of its system calls hands the interpreter over, and it comes back 5 ms later
(``sys.setswitchinterval``). While 40,000 endpoints were saved, registrations fell from 2,000 a second to 30.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from dnsd.runtime.clock import thread_seconds

T = TypeVar("T")

SHARE_MOST = 1 / 10
"""Of the time, for the work."""


class Pace:
    """How fast the work goes. ``worked_seconds``: the CPU time of the thread that asks."""

    def __init__(self, worked_seconds: Callable[[], float] = thread_seconds) -> None:
        self._worked_seconds = worked_seconds
        self._hurried = threading.Event()

    def paced(self, pieces: Iterable[T]) -> Iterator[T]:
        """The pieces. Who draws them rests before the next one, in the measure of what this one took to make and use.

        For a thread of its own: it blocks.
        """
        began = self._worked_seconds()
        for piece in pieces:
            yield piece
            worked = self._worked_seconds() - began
            self._hurried.wait(worked / SHARE_MOST - worked)
            began = self._worked_seconds()

    def hurry(self) -> None:
        """Rest no more, from now on."""
        self._hurried.set()
