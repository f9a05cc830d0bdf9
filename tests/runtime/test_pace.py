"""Long work rests between its pieces, so that the event loop beside it gets on."""

import asyncio
import threading
import time
from collections.abc import Iterator

from dnsd.runtime.clock import thread_seconds
from dnsd.runtime.pace import SHARE_MOST, Pace

PIECES = 40


def pieces(seconds: float) -> Iterator[int]:
    """Pieces that take so long to make."""
    for number in range(PIECES):
        until = thread_seconds() + seconds
        while thread_seconds() < until:
            pass
        yield number


def test_it_works_a_tenth_of_the_time() -> None:
    began = time.monotonic()
    assert list(Pace().paced(pieces(0.001))) == list(range(PIECES))
    assert time.monotonic() - began >= PIECES * 0.001 / SHARE_MOST


def test_what_the_pieces_are_used_for_is_work_too() -> None:
    worked = iter([0.0, *(second for _ in range(PIECES) for second in (0.002, 0.0))])
    began = time.monotonic()
    assert len(list(Pace(lambda: next(worked)).paced(range(PIECES)))) == PIECES
    assert time.monotonic() - began >= PIECES * 0.002 * (1 / SHARE_MOST - 1)


def test_in_a_hurry_it_rests_no_more() -> None:
    worked = iter([0.0, *(second for _ in range(PIECES) for second in (100.0, 0.0))])
    pace = Pace(lambda: next(worked))
    threading.Timer(0.05, pace.hurry).start()
    assert len(list(pace.paced(range(PIECES)))) == PIECES  # 10 hours of rests, but for the hurry


async def test_the_loop_beside_it_gets_nearly_all_turns() -> None:
    """What each system call of the loop costs: it hands the interpreter over, and waits until it is given back."""
    pace = Pace()
    work = asyncio.create_task(asyncio.to_thread(lambda: list(pace.paced(pieces(0.001)))))
    turns = 0
    while not work.done():
        time.sleep(0)  # hands the interpreter over, as a system call does
        await asyncio.sleep(0)
        turns += 1
    assert await work == list(range(PIECES))
    assert turns > 20 * PIECES
