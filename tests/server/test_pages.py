"""Memory moves onto large pages piece by piece, and nothing in it changes."""

import mmap
import random
import sys

import pytest

from dnsd.server.pages import PAGE_OCTETS, areas, moves

MAPS = """\
5500000000-5500800000 rw-p 00000000 00:00 0                              [heap]
7f0000100000-7f0000700000 rw-p 00000000 00:00 0
7f0000800000-7f0000900000 rw-p 00000000 00:00 0
7f0001000000-7f0002000000 r--p 00000000 00:00 0
7f0003000000-7f0004000000 rw-p 00000000 fd:00 123                        /usr/lib/libc.so.6
7ffd00000000-7ffd00800000 rw-p 00000000 00:00 0                          [stack]
"""


def test_only_whole_pages_of_what_was_allocated_are_moved() -> None:
    found = [(start, end) for start, end in areas(MAPS) if start < end]
    assert found == [(0x5500000000, 0x5500800000), (0x7F0000200000, 0x7F0000600000)]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux knows how")
def test_nothing_changes_when_memory_moves() -> None:
    content = random.Random(1).randbytes(4 * PAGE_OCTETS)
    with mmap.mmap(-1, len(content), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory[:] = content
        steps = sum(1 for _ in moves())
        assert memory[:] == content
    assert steps == 0 or steps >= 3, "all of it, or nothing where the kernel cannot"


def test_a_kernel_that_cannot_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnsd.server.pages._COLLAPSE", 9999)
    assert list(moves()) == []


def test_other_platforms_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert list(moves()) == []
