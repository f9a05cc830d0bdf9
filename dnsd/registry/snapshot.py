"""The mirror on disk: a snapshot, and a journal line for every change since. A replica answers from it with Redis down.

``snapshot`` is written beside, synced and renamed; ``journal-N`` holds the changes after revision N. A journal begins
when the writing of the snapshot of its revision begins, so whatever is cut short, the newest whole snapshot and the
journals from its revision on tell everything that was said before the cut.

Invariant: a file that is torn, changed or foreign is read up to where it makes sense, and never further.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeGuard

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change
from dnsd.model.service import Endpoint, Service
from dnsd.runtime.pace import Pace
from dnsd.store.record import BadRecord, change_fields, put_fields, read_change

FORMAT = 1
JOURNAL_RECORDS_LEAST = 10_000
"""Changes of so many records, and of a quarter of all, and the snapshot is written anew: a change costs the same
whatever the size of the registry."""
RECORDS_A_LINE = 64
"""Of the snapshot: with a line for each it took twice as long to write."""
_JOURNAL = "journal-"


@dataclass(slots=True)
class Saved:
    """What the disk holds. ``written_at``: unix time of the newest word in it; ``bad``: records without sense.

    ``removed``: so many removals the store had counted when it said so; None where that is not known.
    """

    epoch: str
    revision: int
    written_at: float
    inventory: Inventory
    history: str = ""
    removed: int | None = None
    bad: list[BadRecord] = field(default_factory=list)


@dataclass(slots=True)
class Since:
    """What the journals have behind a revision. ``written_at``: unix time of the newest word; the rest as above."""

    written_at: float
    removed: int | None = None
    changes: list[Change] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)


class Snapshot:
    """The files of one replica in ``directory``. Methods raise OSError; ``write`` and ``read`` may block for long."""

    def __init__(self, directory: Path, pace: Pace | None = None) -> None:
        self._directory = directory
        self._pace = pace or Pace()
        self._journal: IO[str] | None = None
        self._records = 0
        """In the journal."""
        self._written = 0
        """Records in the snapshot."""

    @property
    def is_due(self) -> bool:
        """True when the journal is so long that the snapshot should be written anew, or when there is none."""
        return self._journal is None or self._records >= max(JOURNAL_RECORDS_LEAST, self._written // 4)

    @property
    def is_open(self) -> bool:
        """True when changes go to a journal."""
        return self._journal is not None

    def head(self) -> tuple[str, int] | None:
        """Epoch and revision of the snapshot, journals left out; None when there is none that makes sense."""
        head = self._head()
        return None if head is None else (str(head["epoch"]), int(head["revision"]))

    def newest(self, history: str) -> tuple[str, int] | None:
        """Epoch and revision of the newest word; None as above.

        Journals take time, so they are left out where the server of ``history`` said what is in the snapshot: as long
        as it lives it does not go back.
        """
        head = self._head()
        if head is None:
            return None
        epoch, revision = str(head["epoch"]), int(head["revision"])
        if head.get("history") != history:
            for line in self._behind(epoch, revision):
                revision = line["revision"]
        return epoch, revision

    def begin(self, epoch: str, revision: int) -> None:
        """From now on changes go to a new journal; call it where the values for :meth:`write` are taken."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.close()
        self._journal = (self._directory / f"{_JOURNAL}{revision}").open("w", encoding="utf-8")
        self._records = 0
        self._put({"format": FORMAT, "epoch": epoch})

    def append(self, change: Change, at: float, removed: int | None = None) -> None:
        """Put one change into the journal; ``at`` in unix time. Does nothing before :meth:`begin`.

        An empty one of the last revision says that nothing has changed until ``at``. ``removed``: see :class:`Saved`.
        """
        if self._journal is not None:
            self._put({"at": at, "revision": change.revision, "removed": removed, "fields": change_fields(change)})
            self._records += max(1, len(change.puts) + len(change.removals))

    def write(
        self,
        epoch: str,
        revision: int,
        values: Sequence[Service | Endpoint],
        at: float,
        history: str = "",
        removed: int | None = None,
    ) -> None:
        """Write everything as of ``revision``, and remove what it makes needless. ``history``: which server said so.

        ``removed``: see :class:`Saved`.
        """
        beside, final = self._directory / "snapshot.new", self._directory / "snapshot"
        head = {"format": FORMAT, "epoch": epoch, "revision": revision, "written_at": at}
        with beside.open("w", encoding="utf-8") as file:
            lines = _snapshot_lines(head | {"history": history, "removed": removed}, values)
            file.writelines(self._pace.paced(lines))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(final)
        self._written = len(values)
        _sync_directory(self._directory)
        for number, path in self._journals():
            if number < revision:
                path.unlink()

    def read(self) -> Saved | None:
        """What was saved last, journals applied; None when there is no snapshot that makes sense."""
        try:
            saved = _read_snapshot(self._directory / "snapshot")
            since = None if saved is None else self.since(saved.epoch, saved.revision)
        except FileNotFoundError:  # nothing is kept, or it is just being replaced
            return None
        if saved is not None and since is not None:
            for change in since.changes:
                saved.inventory.apply(change)
                saved.revision = change.revision
            saved.written_at, saved.removed = since.written_at, since.removed
            saved.bad += since.bad
        return saved

    def since(self, epoch: str, revision: int) -> Since | None:
        """What came after ``revision``; None when the snapshot is of another epoch, or newer: some may be gone."""
        head = self._head()
        if head is None or head["epoch"] != epoch or head["revision"] > revision:
            return None
        found = Since(float(head["written_at"]), head.get("removed") if head["revision"] == revision else None)
        for line in self._behind(epoch, revision):
            if line["revision"] > revision:
                revision = line["revision"]
                found.changes.append(read_change(revision, line["fields"], found.bad))
            found.written_at = max(found.written_at, line["at"])
            found.removed = line.get("removed")
        return found

    def close(self) -> None:
        """Let go of the journal. What a full disk did not take is tried once more here, and refused as before."""
        journal, self._journal = self._journal, None
        if journal is not None:
            with suppress(OSError):
                journal.close()

    def _put(self, content: dict[str, object]) -> None:
        assert self._journal is not None
        self._journal.write(_checked(json.dumps(content, separators=(",", ":"))))
        self._journal.flush()

    def _head(self) -> dict[str, Any] | None:
        try:
            head = next(_lines_of(self._directory / "snapshot"), None)
        except FileNotFoundError:
            return None
        return head if _is_head(head) else None

    def _behind(self, epoch: str, revision: int) -> Iterator[dict[str, Any]]:
        """The lines of the journals from ``revision`` on, as they lead on from it."""
        for number, path in self._journals():
            if number <= revision:  # else something is missing between what it begins with and us
                for line in _journal_lines(path, epoch):
                    if line["revision"] >= revision:
                        revision = line["revision"]
                        yield line

    def _journals(self) -> list[tuple[int, Path]]:
        """Journals by the revision they begin at."""
        found = []
        for path in self._directory.glob(f"{_JOURNAL}*"):
            number = path.name.removeprefix(_JOURNAL)
            if number.isascii() and number.isdigit():
                found.append((int(number), path))
        return sorted(found)


def _snapshot_lines(head: dict[str, object], values: Sequence[Service | Endpoint]) -> Iterator[str]:
    yield _checked(json.dumps(head))
    for start in range(0, len(values), RECORDS_A_LINE):
        yield _checked(json.dumps(put_fields(values[start : start + RECORDS_A_LINE])))
    yield _checked(json.dumps({"records": len(values)}))


def _read_snapshot(path: Path) -> Saved | None:
    """The whole of a snapshot, or None: half of one would be a registry that never was."""
    lines = _lines_of(path)
    head = next(lines, None)
    if not _is_head(head):
        return None
    saved = Saved(str(head["epoch"]), int(head["revision"]), float(head["written_at"]), Inventory())
    saved.history = str(head.get("history", ""))
    count = 0
    for line in lines:
        if isinstance(line, dict):
            return saved if line.get("records") == count else None
        count += len(line) // 2  # a field and its text each
        for value in read_change(saved.revision, line, saved.bad).puts:
            saved.inventory.put(value)
    return None


def _journal_lines(path: Path, epoch: str) -> Iterator[Any]:
    """What :meth:`Snapshot.append` put into a journal of this epoch."""
    lines = _lines_of(path)
    head = next(lines, None)
    if _is_head(head) and head.get("epoch") == epoch:
        yield from lines


def _is_head(line: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(line, dict) and line.get("format") == FORMAT


def _checked(text: str) -> str:
    """A line with its checksum in front."""
    return f"{zlib.crc32(text.encode()):08x} {text}\n"


def _lines_of(path: Path) -> Iterator[Any]:
    """What stands in the lines of a file, up to the first that is torn or changed."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            text = line[9:-1]
            if line != _checked(text):
                return
            yield json.loads(text)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
