"""The garbage collector, told what a registry is: much that stays, and little that goes in circles.

While one is loaded it would walk all that was built again and again: measured with 100,000 endpoints 1.6 s of a load
of 8.5 s, and the loop held for 0.5 s at a time. While endpoints come by the thousand it takes 30 % of the time, unless
it looks less often. And what came since the last load it walks each time that has grown by a quarter: with a million
registered, writes stood still for 2 s and were answered 503.

What is in use in that moment, a connection say, is left out of later walks like the rest, and is a cycle when it ends:
so all is walked now and then, as seldom as that takes long.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from dnsd.runtime.clock import Clock

YOUNG_MOST = 40_000
"""So many new objects, and the collector looks at them: some 4 ms. Python's own 700 suits small programs; with 10,000
it walks what single registrations make several times before all of it is looked at anyway (``Growth``)."""

RECORDS_A_COLLECTION = 1_000
"""So many new records are looked at once (some 15 ms), then hardly ever again."""

RECORDS_A_BATCH = 50
"""A change of so many is a batch: looked at as others are, it took an eighth of control's time, and nothing in it was
garbage. What is then left out unseen, the connection of a client that takes a new one for each batch, waits for the
next walk of everything."""
BATCHES_SECONDS = 0.5
"""So often while they come is looked at what else there is."""

WHOLE_SECONDS_LEAST = 60.0
WHOLE_SHARE_MOST = 1 / 2000
"""Of the time, for walks of everything: 0.15 to 0.8 s with 100,000 endpoints, so every 5 to 27 min."""


class Growth:
    """Told of what is taken in beside what was loaded, it says when to collect."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records = 0
        self._looked_at = clock.monotonic()
        self._whole_at = self._looked_at + WHOLE_SECONDS_LEAST

    @contextmanager
    def taking_in(self, records: int, changes: int) -> Iterator[None]:
        """So many records are put or removed inside, by so many changes.

        What a batch brings is never looked at: there is much of it, and it stays. Before it comes, what else there is
        has its look, now and then.
        """
        if records >= RECORDS_A_BATCH * changes:
            if self._clock.monotonic() - self._looked_at >= BATCHES_SECONDS:
                self._look()
            with resting_collector():
                yield
            return
        yield
        self._records += records
        if self._records >= RECORDS_A_COLLECTION:
            self._look()

    def _look(self) -> None:
        self._records = 0
        began = self._clock.monotonic()
        is_whole = began >= self._whole_at
        if is_whole:
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._looked_at = self._clock.monotonic()
        if is_whole:
            pause_seconds = max(WHOLE_SECONDS_LEAST, (self._looked_at - began) / WHOLE_SHARE_MOST)
            self._whole_at = self._looked_at + pause_seconds


@contextmanager
def resting_collector() -> Iterator[None]:
    """Collect nothing inside, and leave what was built out of later walks, which are fewer from then on."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(YOUNG_MOST, *gc.get_threshold()[1:])
        gc.enable()


def collect_replaced() -> None:
    """Free what was swapped out, cycles and all, before the rest is left out of later walks: walks everything."""
    gc.unfreeze()
    gc.collect()


def collect_new() -> None:
    """Free what came since the last load and went in circles, and look at nothing that stays."""
    gc.collect()
