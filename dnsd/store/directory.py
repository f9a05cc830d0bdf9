"""The places of the embedded store: its directory, private, locked and marked, and a short path for its socket."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dnsd.model.errors import StoreUnavailable
from dnsd.runtime.clock import Clock
from dnsd.store.binary import Server, server_from_json

SOCKET_PATH_MOST = 107  # sun_path of unix(7), without its final zero
LOCK_WAIT_SECONDS = 5.0  # a server whose parent was killed needs a moment to end

_LOCK_RETRY_SECONDS = 0.05
_PID_OCTETS_MOST = 20
_MARK = "server.json"
_LOCK = "lock"
_SOCKET = "store.sock"


class Directory:
    """A directory that one embedded store at a time uses. Every fault is a StoreUnavailable that names the path."""

    def __init__(self, path: str, clock: Clock) -> None:
        self.path = path
        self.lock = -1
        self._clock = clock

    async def claim(self) -> None:
        """Create it when missing, make it private and lock it, waiting a little for a server whose parent is gone."""
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            os.chmod(self.path, 0o700)
            self.lock = os.open(os.path.join(self.path, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            await self._lock()
        except OSError as fault:
            self.release()
            raise unusable(self.path, fault) from None

    def writer(self) -> Server | None:
        """Who wrote the files here; None when nobody did."""
        try:
            return server_from_json(Path(self.path, _MARK).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            raise StoreUnavailable("foreign-directory", f"{self.path}/{_MARK} does not name a server") from None
        except OSError as fault:
            raise unusable(self.path, fault) from None

    def mark(self, server: Server) -> None:
        """Say that this server writes here from now on."""
        beside = Path(self.path, _MARK + ".new")
        try:
            with beside.open("w", encoding="utf-8") as file:
                file.write(server.to_json())
                file.flush()
                os.fsync(file.fileno())
            beside.rename(Path(self.path, _MARK))
        except OSError as fault:
            raise unusable(self.path, fault) from None

    def free_octets(self) -> int:
        """Room on its disk for us; 0 when it cannot be told."""
        with suppress(OSError):
            room = os.statvfs(self.path)
            return room.f_bavail * room.f_frsize
        return 0

    def release(self) -> None:
        """Give the lock back (the server holds it as long as it lives)."""
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    async def _lock(self) -> None:
        until = self._clock.monotonic() + LOCK_WAIT_SECONDS
        while not _is_locked_now(self.lock):
            holder = os.pread(self.lock, _PID_OCTETS_MOST, 0).decode("ascii", "replace")
            if _is_alive(holder) or self._clock.monotonic() >= until:
                self.release()
                raise _taken(self.path, holder)
            await self._clock.sleep(_LOCK_RETRY_SECONDS)
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, str(os.getpid()).encode(), 0)


def _taken(path: str, holder: str) -> StoreUnavailable:
    return StoreUnavailable(
        "directory-locked",
        f"{path} is used by another dnsd (process {holder or 'unknown'}); stop that one, or give another --state-dir",
    )


def _is_alive(holder: str) -> bool:
    """True when who wrote itself into the lock is still there: no use to wait, then."""
    if not holder.isdigit():
        return False
    try:
        os.kill(int(holder), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _is_locked_now(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unusable(path: str, fault: OSError) -> StoreUnavailable:
    """An operating-system fault as one line about the embedded store's place."""
    is_full = fault.errno in (errno.ENOSPC, errno.EDQUOT)
    mend = "make room, or give another --state-dir" if is_full else "give another --state-dir"
    return StoreUnavailable("disk-full" if is_full else "directory", f"{path} cannot be used: {fault.strerror}; {mend}")


def socket_path(bases: Sequence[str], directory: str) -> str:
    """A path for the store's socket that is short enough, in a private directory below the first base that will do.

    The same for the same ``directory``, so that nothing piles up when we are killed.
    """
    mark = hashlib.sha256(os.path.realpath(directory).encode()).hexdigest()[:10]
    for base in bases:
        place = os.path.join(base, f"dnsd-{os.geteuid()}-{mark}")
        path = os.path.join(place, _SOCKET)
        if len(os.fsencode(path)) <= SOCKET_PATH_MOST and _is_private(place):
            return path
    return os.path.join(tempfile.mkdtemp(prefix="dnsd-"), _SOCKET)


def _is_private(place: str) -> bool:
    """Create the directory, or see that it is ours alone: a shared /tmp is full of strangers."""
    with suppress(OSError):
        with suppress(FileExistsError):
            os.mkdir(place, 0o700)
        found = os.lstat(place)
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    return False
