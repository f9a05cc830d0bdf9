"""Questions under way: whoever asks what is being asked already waits for the same answer."""

from __future__ import annotations

from collections.abc import Callable

from dnsd.model.message import Resolved, Wanted

WAITING_MOST = 10_000
"""Clients that wait, over all questions."""

Deliver = Callable[[Resolved], None]
"""Takes what became of a question."""


class Flights:
    """At most ``most`` questions at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[Wanted, list[Deliver]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def all(self) -> list[Wanted]:
        """The questions under way."""
        return list(self._waiting)

    def is_full_for(self, wanted: Wanted) -> bool:
        """True when nobody else can wait for this."""
        return self._count >= WAITING_MOST or (wanted not in self._waiting and len(self._waiting) >= self._most)

    def join(self, wanted: Wanted, deliver: Deliver) -> bool:
        """Wait for this question's answer; True when nobody else does, so that it has to be asked."""
        self._count += 1
        waiting = self._waiting.setdefault(wanted, [])
        waiting.append(deliver)
        return len(waiting) == 1

    def land(self, wanted: Wanted) -> list[Deliver]:
        """The question is answered: whom to tell."""
        waiting = self._waiting.pop(wanted, [])
        self._count -= len(waiting)
        return waiting
