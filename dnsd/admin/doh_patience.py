"""How much of our time and work one HTTP/2 connection may take: deadlines, and bounds for what brings no question."""

from __future__ import annotations

from collections.abc import Hashable

FIRST_REQUEST_SECONDS = 5.0
IDLE_SECONDS = 75.0
BODY_SECONDS = 5.0
SENT_SECONDS = 10.0
"""A reply that has not left by then ends the connection, however little of it was taken meanwhile."""
RESETS_MOST = 100
"""Requests that may be taken back within RESETS_SECONDS: CVE-2023-44487 is made of those."""
RESETS_SECONDS = 10.0
FRAMES_MOST = 1000
"""Frames between two whole requests: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA cost work and ask nothing."""
UNFINISHED_OCTETS_MOST = 32 * 1024
"""Octets that make no whole frame or header block: one DATA frame has 16 KiB, a header block at most 8 of use."""


class Patience:
    """What is waited for, each with a deadline in the seconds of ``now``, and what was done in vain."""

    def __init__(self, now: float) -> None:
        self._deadlines: dict[Hashable, float] = {"request": now + FIRST_REQUEST_SECONDS}
        self._resets = 0
        self._resets_since = now
        self._frames = 0
        self._unfinished = 0

    def expect(self, what: Hashable, until: float) -> None:
        """Wait for ``what`` until then."""
        self._deadlines[what] = until

    def met(self, what: Hashable) -> None:
        """It came, or is not wanted any more."""
        self._deadlines.pop(what, None)

    def is_over(self, now: float) -> bool:
        """True when something should have come by now."""
        return any(deadline <= now for deadline in self._deadlines.values())

    def asked(self, now: float) -> None:
        """A whole request came."""
        self._frames = 0
        self.expect("request", now + IDLE_SECONDS)

    def has_room_for_reset(self, now: float) -> bool:
        """Count a request that was taken back. False when it was one too many."""
        if now - self._resets_since >= RESETS_SECONDS:
            self._resets, self._resets_since = 0, now
        self._resets += 1
        return self._resets <= RESETS_MOST

    def has_room_for_frame(self) -> bool:
        """Count a frame that asks nothing. False when it was one too many."""
        self._frames += 1
        return self._frames <= FRAMES_MOST

    def has_room_for(self, octets: int, is_progress: bool) -> bool:
        """Count what came: ``is_progress`` when it made some frame whole. False when too much is pending."""
        self._unfinished = 0 if is_progress else self._unfinished + octets
        return self._unfinished <= UNFINISHED_OCTETS_MOST
