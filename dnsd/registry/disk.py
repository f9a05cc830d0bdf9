"""The mirror's place on disk, of this replica alone: read at the start, written anew after each load and when due.

The disk may fail or be full at any time: that is said and counted, and never stops anything.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dnsd.model.change import Change
from dnsd.model.service import Endpoint, Service
from dnsd.registry.snapshot import Saved, Snapshot
from dnsd.runtime.clock import Clock

CONFIRM_SECONDS = 60.0
"""So often the journal of a quiet registry is told that nothing has changed."""
RETRY_SECONDS = 10.0

_log = logging.getLogger("dnsd.disk")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the mirror holds in one moment. ``history``: the server that said so."""

    epoch: str
    revision: int
    history: str
    values: list[Service | Endpoint]


class Disk:
    """``directory`` belongs to one replica; a second one that comes finds it taken, and goes without.

    ``failures``: so often the disk has failed us.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.failures = 0
        self.problem = ""
        self._directory = directory
        self._clock = clock
        self._snapshot = Snapshot(directory)
        self._wanted = asyncio.Event()
        self._lock: int | None = None
        self._is_failing = False
        self._said_at = 0.0

    @property
    def is_idle(self) -> bool:
        """True when changes go nowhere, and nothing is about to be written."""
        return not (self._snapshot.is_open or self._wanted.is_set() or self._is_failing)

    async def head(self) -> tuple[str, int] | None:
        """Epoch and revision of what is saved; None when nothing is, or nothing that makes sense."""
        if not self._claim():
            return None
        try:
            return await asyncio.to_thread(self._snapshot.head)
        except (OSError, ValueError, KeyError, TypeError) as fault:
            self._fail("read", fault)
            return None

    async def read(self) -> Saved | None:
        """What was saved last; None when nothing was, or nothing that makes sense."""
        if not self._claim():
            return None
        try:
            return await asyncio.to_thread(self._snapshot.read)
        except (OSError, ValueError, KeyError, TypeError) as fault:
            self._fail("read", fault)
            return None

    def append(self, change: Change) -> None:
        """Note one change, behind the last snapshot."""
        try:
            self._snapshot.append(change, self._clock.wall())
        except OSError as fault:
            self._fail("written", fault)
            self.pause()
            self._wanted.set()
            return
        self._said_at = self._clock.monotonic()
        if self._snapshot.is_due:
            self._wanted.set()

    def confirm(self, revision: int) -> None:
        """Still at ``revision`` and in step; noted about once a minute."""
        if self._clock.monotonic() - self._said_at >= CONFIRM_SECONDS:
            self.append(Change(revision))

    def pause(self) -> None:
        """What follows does not lead on from what is saved; that stays as it is until :meth:`renew`."""
        self._snapshot.close()
        self._wanted.clear()

    def renew(self) -> None:
        """Everything was loaded: save all of it anew."""
        self._snapshot.close()
        self._wanted.set()

    async def run(self, standing: Callable[[], Standing]) -> None:
        """Write snapshots as they are wanted, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._claim() and not await self._write(standing()):
                await self._clock.sleep(RETRY_SECONDS)
                self._wanted.set()

    def close(self) -> None:
        """Let go of the files."""
        self._snapshot.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _write(self, now: Standing) -> bool:
        try:
            self._snapshot.begin(now.epoch, now.revision)
            write = self._snapshot.write
            await asyncio.to_thread(write, now.epoch, now.revision, now.values, self._clock.wall(), now.history)
        except OSError as fault:
            self._fail("written", fault)
            self._snapshot.close()
            return False
        if self._is_failing:
            _log.info("the mirror is saved again in %s", self._directory)
        self._is_failing, self.problem = False, ""
        _log.debug("saved %d objects of revision %d", len(now.values), now.revision)
        return True

    def _claim(self) -> bool:
        """True when the directory is ours."""
        if self._lock is not None:
            return True
        descriptor = -1
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            if descriptor >= 0:
                os.close(descriptor)
            self._fail("claimed (does another replica use it?)", fault)
            return False
        self._lock = descriptor
        return True

    def _fail(self, what: str, fault: Exception) -> None:
        self.failures += 1
        self.problem = f"mirror on disk: {self._directory} cannot be {what}: {fault}"
        if not self._is_failing:
            _log.warning("%s; without it a restart needs the store", self.problem)
        self._is_failing = True
