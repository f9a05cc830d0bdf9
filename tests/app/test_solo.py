import asyncio
import os

import pytest

from dnsd.app.ground import Ground
from dnsd.app.life import Fatal
from dnsd.app.solo import Solo
from dnsd.config import load
from dnsd.runtime.clock import SystemClock


@pytest.fixture
async def solo(tmp_path):
    """A replica in this very process, started."""
    places = {"dns": ["127.0.0.1:0"], "admin": "127.0.0.1:0", "state_dir": str(tmp_path / "state")}
    settings = load({**places, "workers": "0"}, {})
    clock = SystemClock()
    ground = Ground(settings, {"XDG_RUNTIME_DIR": str(tmp_path), "PATH": os.environ["PATH"]}, clock)
    made = Solo(settings, ground, clock)
    await made.start()
    yield made
    await made.stop(0)


async def test_it_gets_ready_and_is_well(solo):
    assert await asyncio.wait_for(solo.ready(), 10) == ""
    assert solo.is_well(0.1)
    assert solo.dns[0].port != 0
    assert solo.admin.port != 0
    await solo.reload()
    solo.kill()


@pytest.mark.parametrize("part", ["_control", "_responding"])
async def test_a_part_that_fails_ends_it(solo, part):
    breaking = asyncio.ensure_future(solo.broken())
    await asyncio.sleep(0)
    assert not breaking.done()
    getattr(solo, part).failed.set()
    fault = await asyncio.wait_for(breaking, 5)
    assert isinstance(fault, Fatal)
    assert "a part has ended with a fault" in str(fault)
