"""What tests of the whole program may ask for."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients.stage import Stage
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


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two replicas in a room of their own, with something registered."""
    require("unshare", "nsenter", "ip", "redis-server", "curl", "dig")
    room = Room(tmp_path_factory.mktemp("clients"))
    try:
        yield Stage(room, [sys.executable, "-m", "dnsd"])
    finally:
        room.close()
