"""The changes of late, kept so that a watcher who comes back goes on where it stopped.

Invariant: whoever watches is told every change, in order, or is told that it was not (Gone): never a gap in silence.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType

from dnsd.model.change import Change
from dnsd.model.errors import Gone

CHANGES_KEPT = 10_000
UNREAD_MOST = 1000
"""So many changes may wait for a slow watcher, beside those it asked for when it came."""

Seen = tuple[str, int]
"""Epoch and revision of the last change that a watcher has seen."""


class Watch(AsyncIterator[tuple[str, Change]]):
    """Changes as they come, each with its epoch. Iterating raises Gone when the past was lost; ``close`` ends it."""

    def __init__(self, past: Past, backlog: list[Change], seen: int) -> None:
        self._past = past
        self._seen = seen
        self._waiting = deque(backlog)
        self._room = len(backlog) + UNREAD_MOST
        self._news = asyncio.Event()
        self._lost = ""
        self._is_closed = False

    async def __anext__(self) -> tuple[str, Change]:
        while not self._waiting:
            if self._lost:
                raise Gone(self._lost)
            if self._is_closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._past.epoch, self._waiting.popleft()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Watch no longer."""
        self._is_closed = True
        self._past.forget(self)
        self._news.set()

    def take(self, change: Change) -> None:
        """One more change; the past calls this. One that was seen already, at another replica, is not told again."""
        if change.revision <= self._seen:
            return
        if len(self._waiting) >= self._room:
            self.lose("too slow: more changes wait than are kept for one watcher")
            return
        self._waiting.append(change)
        self._news.set()

    def lose(self, why: str) -> None:
        """End with Gone; what waits is dropped, for it leads nowhere."""
        self._lost = why
        self._waiting.clear()
        self._past.forget(self)
        self._news.set()


class Past:
    """The last changes of one epoch, at most so many, and who watches them grow."""

    def __init__(self, changes_kept: int = CHANGES_KEPT) -> None:
        self.epoch = ""
        self._kept: deque[Change] = deque()
        self._kept_most = changes_kept
        self._floor = 0
        self._watching: set[Watch] = set()

    def begin(self, epoch: str, revision: int) -> None:
        """Another history begins, at ``revision``; nobody's past leads here."""
        for watch in list(self._watching):
            if self.epoch:
                watch.lose("another history of the registry began")
        self.epoch, self._floor = epoch, revision
        self._kept.clear()

    def append(self, change: Change) -> None:
        """The next change; everybody is told."""
        if len(self._kept) == self._kept_most:
            self._floor = self._kept.popleft().revision
        self._kept.append(change)
        for watch in list(self._watching):
            watch.take(change)

    def watch(self, after: Seen | None = None) -> Watch:
        """Every change after the one seen; None: from now on. Raises Gone when what was seen leads nowhere."""
        watch = Watch(self, [], 0) if after is None else Watch(self, self._since(*after), after[1])
        self._watching.add(watch)
        return watch

    def forget(self, watch: Watch) -> None:
        """Tell this one nothing more."""
        self._watching.discard(watch)

    def _since(self, epoch: str, revision: int) -> list[Change]:
        if epoch != self.epoch:
            raise Gone(f"epoch {epoch} is not the registry's ({self.epoch}); read everything anew")
        if revision < self._floor:
            raise Gone(f"the changes after revision {revision} are no longer kept; read everything anew")
        return [change for change in self._kept if change.revision > revision]
