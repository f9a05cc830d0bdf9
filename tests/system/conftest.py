"""What tests of the whole program may ask for."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from room import Room, require


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    require("unshare", "nsenter", "ip")
    made = Room(tmp_path)
    yield made
    made.close()


@pytest.fixture
def dnsd() -> list[str]:
    """The command that starts this checkout's dnsd."""
    return [sys.executable, "-m", "dnsd"]
