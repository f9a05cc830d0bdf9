import asyncio

from dnsd.registry.progress import Progress


async def test_what_is_reached_is_not_waited_for():
    progress = Progress()
    progress.advance(7)
    assert await progress.reached(7, 0)
    assert not await progress.reached(8, 0.01)


async def test_everybody_is_woken_at_the_revision_asked_for():
    progress = Progress()
    waiting = {revision: asyncio.ensure_future(progress.reached(revision, 5)) for revision in (9, 3, 5, 3)}
    others = asyncio.ensure_future(progress.reached(3, 5))
    await asyncio.sleep(0)
    progress.advance(4)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert {revision for revision, task in waiting.items() if task.done()} == {3}
    assert others.done()
    progress.advance(2000)
    assert await asyncio.gather(*waiting.values()) == [True] * 3


async def test_who_gave_up_is_passed_over():
    progress = Progress()
    assert not await progress.reached(5, 0.001)
    last = asyncio.ensure_future(progress.reached(5, 5))
    await asyncio.sleep(0)
    progress.advance(5)
    assert await last


async def test_who_gave_up_is_forgotten_where_no_revision_comes():
    progress = Progress()
    patient = asyncio.ensure_future(progress.reached(9, 5))
    for _ in range(300):
        assert not await progress.reached(5, 0)
    assert len(progress._waiting) <= 64
    progress.advance(9)
    assert await patient
