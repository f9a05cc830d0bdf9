"""The catalog's image on disk, beside the snapshot: what a replica that restarts need neither read nor compile again.

It is of use only where it is exactly what would be compiled again: made by the same code, of the same settings and
static zones, of a state that the store's stream (or, without the store, the journal) leads on from.

Invariant: a file that is torn, changed, foreign or of another make is none; the snapshot is there for all of these.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import marshal
import os
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO

import dnsd
from dnsd.authority.form import Packed

_NAME = "image"
_SIZE = struct.Struct(">II")
"""In front of every part: how many octets it has, and their CRC-32. At the end: none, and how many parts there are."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What an image was made of: the store's state, as the snapshot has it, and by ``make`` all else."""

    make: str
    epoch: str
    history: str
    revision: int


def make_of(makings: str) -> str:
    """A mark of this code under this Python, and of ``makings``: the catalog's settings and static zones."""
    return hashlib.sha256(f"{_code()} {makings}".encode()).hexdigest()


def write_image(directory: Path, mark: Mark, parts: Iterable[Packed]) -> None:
    """Write it beside, synced and renamed. Raises OSError; blocks for seconds."""
    beside = directory / f"{_NAME}.new"
    try:
        with beside.open("wb") as file:
            file.write(json.dumps(asdict(mark)).encode() + b"\n")
            _write_parts(file, parts)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(directory / _NAME)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _write_parts(file: IO[bytes], parts: Iterable[Packed]) -> None:
    written = 0
    for part in parts:
        octets = marshal.dumps(part)
        file.write(_SIZE.pack(len(octets), zlib.crc32(octets)))
        file.write(octets)
        written += 1
    file.write(_SIZE.pack(0, written))


def read_mark(directory: Path) -> Mark | None:
    """What the image on disk was made of; None when there is none. Raises OSError."""
    try:
        with (directory / _NAME).open("rb") as file:
            return Mark(**json.loads(file.readline()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def read_parts(directory: Path, mark: Mark) -> Iterator[Packed]:
    """The parts of the image with this mark, as they are drawn. Raises ValueError where one is torn, OSError."""
    with (directory / _NAME).open("rb") as file:
        if json.loads(file.readline()) != asdict(mark):
            raise ValueError("another image by now")
        for octets in _whole(file):
            yield marshal.loads(octets)  # noqa: S302 - whole, of this make, and in our own directory


def _whole(file: IO[bytes]) -> Iterator[bytes]:
    """The octets of each part. Raises ValueError where one is not as it was written, or not there."""
    for count in itertools.count():
        head = file.read(_SIZE.size)
        size, checksum = _SIZE.unpack(head) if len(head) == _SIZE.size else (0, -1)
        octets = file.read(size)
        if not size and checksum == count and not file.read(1):
            return
        if not size or len(octets) != size or zlib.crc32(octets) != checksum:
            raise ValueError(f"part {count} is torn or changed")
        yield octets


@cache
def _code() -> str:
    """The mark of Python and of all code that makes an image: a version does not tell two checkouts apart."""
    mark = hashlib.sha256(f"{dnsd.__version__} {sys.version} {marshal.version}".encode())
    root = Path(dnsd.__file__).parent
    for path in sorted([*root.glob("authority/*.py"), *root.glob("model/*.py"), root / "registry" / "image.py"]):
        mark.update(path.read_bytes())
    return mark.hexdigest()
