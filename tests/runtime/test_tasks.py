import asyncio

import pytest

from dnsd.runtime.tasks import Tasks


async def test_a_task_is_named_after_its_owner_and_gives_its_result():
    tasks = Tasks("mirror")

    async def work():
        return asyncio.current_task().get_name()

    assert await tasks.start("follow", work()) == "mirror/follow"
    assert not tasks.failed.is_set()


async def test_stop_cancels_and_waits():
    tasks, ended = Tasks("mirror"), []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    task = tasks.start("follow", work())
    await asyncio.sleep(0)
    await tasks.stop()
    assert (ended, task.cancelled(), tasks.failed.is_set()) == ([True], True, False)


async def test_a_task_that_fails_is_logged_and_told(caplog):
    tasks = Tasks("mirror")

    async def work():
        raise RuntimeError("broken")

    task = tasks.start("follow", work())
    with pytest.raises(RuntimeError, match="broken"):
        await task
    await asyncio.wait_for(tasks.failed.wait(), 5)
    assert "task mirror/follow ended with RuntimeError('broken')" in caplog.text
