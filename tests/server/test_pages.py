"""Memory moves onto large pages piece by piece, and nothing in it changes."""

import asyncio
import errno
import mmap
import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from dnsd.server import pages
from dnsd.server.pages import GROWTH_LEAST, MOVE_SECONDS, NODES_LEAST, PAGE_OCTETS, Mover, areas, moves

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


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps of moves of two pages, as they are taken."""
    steps: list[int] = []

    def moving() -> Iterator[None]:
        for number in range(2):
            steps.append(number)
            yield

    monkeypatch.setattr(pages, "moves", moving)
    return steps


async def test_it_moves_step_by_step(begun: list[int], hand_clock: Any, until: Any) -> None:
    mover = Mover(hand_clock)
    mover.look(10)
    await until(lambda: begun == [0])
    hand_clock.advance(MOVE_SECONDS / 2)
    for _ in range(3):
        await asyncio.sleep(0)
    assert begun == [0], "it pauses behind the first one"
    await _ended(mover, begun, hand_clock, until)


async def test_it_moves_again_when_there_is_enough_more(begun: list[int], hand_clock: Any, until: Any) -> None:
    mover = Mover(hand_clock)
    mover.look(80_000)
    await _ended(mover, begun, hand_clock, until)
    enough = int(80_000 * (1 + GROWTH_LEAST)) + NODES_LEAST
    mover.look(enough - 1)
    assert mover._moving is None
    mover.look(enough)
    await _ended(mover, begun, hand_clock, until)


async def test_what_comes_while_it_moves_has_its_turn(begun: list[int], hand_clock: Any, until: Any) -> None:
    mover = Mover(hand_clock)
    mover.look(10)
    await until(lambda: begun == [0])
    mover.renew()
    mover.look(10)
    assert begun == [0]
    await _ended(mover, begun, hand_clock, until)
    mover.look(10)
    await _ended(mover, begun, hand_clock, until)


async def test_without_a_descriptor_it_tries_again(
    begun: list[int], hand_clock: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starved() -> Iterator[None]:
        raise OSError(errno.EMFILE, "Too many open files")
        yield

    mover = Mover(hand_clock)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(pages, "moves", starved)
        mover.look(10)
        await until(lambda: mover._moving is None)
    assert not mover._tasks.failed.is_set()
    mover.look(10)
    await _ended(mover, begun, hand_clock, until)


async def test_what_has_not_moved_at_the_end_stays(begun: list[int], hand_clock: Any, until: Any) -> None:
    mover = Mover(hand_clock)
    mover.look(10)
    await until(lambda: begun == [0])
    mover.close()
    await until(lambda: mover._moving is None)
    assert begun == [0]


async def _ended(mover: Mover, begun: list[int], hand_clock: Any, until: Any) -> None:
    """Turn the clock until a move that has begun is over, all its steps taken."""
    assert mover._moving is not None

    def has_ended() -> bool:
        hand_clock.advance(MOVE_SECONDS)
        return mover._moving is None

    await until(has_ended)
    assert begun == [0, 1]
    begun.clear()
