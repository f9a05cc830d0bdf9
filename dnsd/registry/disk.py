"""The mirror's place on disk, of this replica alone: read at the start, written anew after each load and when due.

The disk may fail or be full at any time: that is said and counted, and never stops anything.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dnsd.authority.form import Packed
from dnsd.authority.image import Image
from dnsd.model.change import Change
from dnsd.model.service import Endpoint, Service
from dnsd.registry.image import Mark, make_of, read_mark, read_parts, write_image
from dnsd.registry.snapshot import Saved, Since, Snapshot
from dnsd.runtime.clock import Clock
from dnsd.runtime.pace import SHARE_MOST, Pace

CONFIRM_SECONDS = 60.0
"""So often the journal of a quiet registry is told that nothing has changed."""
RETRY_SECONDS = 10.0
IMAGE_SHARE_MOST = 1 / 2
"""Of the pause behind it, for an image while we run; at its ``Pace`` that is a thirtieth of the interpreter's time. One
takes as long as the snapshot, and the journal leads on from it."""
IMAGE_PAUSE_SECONDS_LEAST = 2.0
_IMAGE_WITHIN_SECONDS = 60.0 / SHARE_MOST
"""A minute of work, at its ``Pace``."""

_log = logging.getLogger("dnsd.disk")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the mirror holds in one moment. ``history``: the server that said so; ``removed``: see :class:`Saved`.

    ``image``: the same compiled, of ``makings``; None when that is of no use later.
    """

    epoch: str
    revision: int
    history: str
    removed: int | None
    values: list[Service | Endpoint]
    makings: str = ""
    image: Image | None = None


class Disk:
    """``directory`` belongs to one replica; a second one that comes finds it taken, and goes without.

    ``failures``: so often the disk has failed us.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.failures = 0
        self.problem = ""
        self._directory = directory
        self._clock = clock
        self._pace = Pace()
        self._snapshot = Snapshot(directory, self._pace)
        self._wanted = asyncio.Event()
        self._lock: int | None = None
        self._is_failing = False
        self._said_at = 0.0
        self._image_due_at = float("-inf")
        self._is_image_wanted = False
        self._imaging = asyncio.Lock()

    @property
    def is_idle(self) -> bool:
        """True when changes go nowhere, and nothing is about to be written."""
        return not (self._snapshot.is_open or self._wanted.is_set() or self._is_failing)

    async def newest(self, history: str) -> tuple[str, int] | None:
        """See :meth:`Snapshot.newest`; None when nothing is saved, or nothing that makes sense."""
        if not self._claim():
            return None
        try:
            return await asyncio.to_thread(self._snapshot.newest, history)
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

    async def mark(self, makings: str) -> Mark | None:
        """Of the image that is saved, if it was made by this code, of ``makings``."""
        if not self._claim():
            return None
        try:
            mark = await asyncio.to_thread(read_mark, self._directory)
        except OSError as fault:
            self._fail("read", fault)
            return None
        return mark if mark is not None and mark.make == make_of(makings) else None

    def parts(self, mark: Mark) -> Iterator[Packed]:
        """That image. Raises as :func:`read_parts`."""
        return read_parts(self._directory, mark)

    async def since(self, mark: Mark) -> Since | None:
        """What the journal has behind the image; None when something may be missing there."""
        try:
            return await asyncio.to_thread(self._snapshot.since, mark.epoch, mark.revision)
        except (OSError, ValueError, KeyError, TypeError) as fault:
            self._fail("read", fault)
            return None

    def append(self, change: Change, removed: int | None) -> None:
        """Note one change, behind the last snapshot."""
        try:
            self._snapshot.append(change, self._clock.wall(), removed)
        except OSError as fault:
            self._fail("written", fault)
            self.pause()
            self._wanted.set()
            return
        self._said_at = self._clock.monotonic()
        if self._snapshot.is_due:
            self._wanted.set()

    def go_on(self, epoch: str, revision: int) -> None:
        """We begin with this: if the snapshot is of it too, changes go behind that; else all of it is saved anew."""
        try:
            if self._snapshot.head() == (epoch, revision):
                self._snapshot.begin(epoch, revision)
                return
        except (OSError, ValueError, KeyError, TypeError) as fault:
            self._fail("written", fault)
        self._wanted.set()

    def confirm(self, revision: int, removed: int) -> None:
        """Still at ``revision`` and in step; noted about once a minute."""
        if self._clock.monotonic() - self._said_at >= CONFIRM_SECONDS:
            self.append(Change(revision), removed)

    def pause(self) -> None:
        """What follows does not lead on from what is saved; that stays as it is until :meth:`renew`."""
        self._snapshot.close()
        self._wanted.clear()

    def renew(self) -> None:
        """Everything was loaded: save all of it anew."""
        self._snapshot.close()
        self._wanted.set()

    async def leave(self, now: Standing, within_seconds: float) -> None:
        """Write the image once more, if it is not there and can be written in that time: what a restart begins with."""
        self._pace.hurry()
        if self._claim():
            await self._write_image(now, within_seconds)

    async def run(self, standing: Callable[[bool], Standing]) -> None:
        """Write snapshots as they are wanted, for ever; ``standing`` is told whether with an image."""
        try:
            await self._save(standing)
        finally:
            self._pace.hurry()  # the thread is waited for

    async def _save(self, standing: Callable[[bool], Standing]) -> None:
        while True:
            if not await self._is_snapshot_wanted():
                self._is_image_wanted = False
                await self._write_image(standing(self._snapshot.is_open), _IMAGE_WITHIN_SECONDS)
                continue
            self._wanted.clear()
            has_image = self._clock.monotonic() >= self._image_due_at
            self._is_image_wanted = not has_image
            if self._claim() and not await self._write(standing(has_image)):
                await self._clock.sleep(RETRY_SECONDS)
                self._wanted.set()

    def close(self) -> None:
        """Let go of the files."""
        self._snapshot.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _is_snapshot_wanted(self) -> bool:
        """Wait until the snapshot is wanted; False when it is time for the image that the last one went without."""
        wait_seconds = max(0.0, self._image_due_at - self._clock.monotonic()) if self._is_image_wanted else None
        try:
            async with asyncio.timeout(wait_seconds):
                return await self._wanted.wait()
        except TimeoutError:
            return False

    async def _write(self, now: Standing) -> bool:
        try:
            self._snapshot.begin(now.epoch, now.revision)
            at = self._clock.wall()
            write = partial(self._snapshot.write, history=now.history, removed=now.removed)
            await asyncio.to_thread(write, now.epoch, now.revision, now.values, at)
        except OSError as fault:
            self._fail("written", fault)
            self._snapshot.close()
            return False
        if self._is_failing:
            _log.info("the mirror is saved again in %s", self._directory)
        self._is_failing, self.problem = False, ""
        await self._write_image(now, _IMAGE_WITHIN_SECONDS)
        _log.debug("saved %d objects of revision %d", len(now.values), now.revision)
        return True

    async def _write_image(self, now: Standing, within_seconds: float) -> None:
        if now.image is None:
            return
        mark = Mark(make_of(now.makings), now.epoch, now.history, now.revision)
        began = self._clock.monotonic()
        deadline = began + within_seconds
        try:
            async with _held(self._imaging, within_seconds):
                if await asyncio.to_thread(read_mark, self._directory) != mark:
                    parts = self._pace.paced(_until(now.image.parts(), self._clock, deadline))
                    await asyncio.to_thread(write_image, self._directory, mark, parts)
            ended = self._clock.monotonic()
            self._image_due_at = ended + max(IMAGE_PAUSE_SECONDS_LEAST, (ended - began) / IMAGE_SHARE_MOST)
        except OSError as fault:  # it only saves time
            _log.warning(
                "what is compiled cannot be saved in %s, a restart compiles it anew: %s", self._directory, fault
            )

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


@asynccontextmanager
async def _held(lock: asyncio.Lock, within_seconds: float) -> AsyncIterator[None]:
    """Holding the lock; raises TimeoutError, an OSError, when somebody else has it for longer."""
    try:
        async with asyncio.timeout(within_seconds):
            await lock.acquire()
    except TimeoutError:
        raise TimeoutError("it takes too long") from None
    try:
        yield
    finally:
        lock.release()


def _until(parts: Iterator[Packed], clock: Clock, deadline: float) -> Iterator[Packed]:
    """The parts; raises TimeoutError, an OSError, when they take longer."""
    for part in parts:
        if clock.monotonic() > deadline:
            raise TimeoutError("it takes too long")
        yield part
