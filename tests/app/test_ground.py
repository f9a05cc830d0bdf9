import asyncio
import os

import pytest

from dnsd.app.ground import Ground
from dnsd.config import load
from dnsd.model.errors import StoreUnavailable
from dnsd.runtime.clock import SystemClock
from dnsd.store.embedded import is_answering

PLACES = {"dns": ["127.0.0.1:0"], "admin": "127.0.0.1:0"}


def ground_of(tmp_path, **more):
    settings = load({**PLACES, "state_dir": str(tmp_path / "state"), **more}, {})
    return Ground(settings, {"XDG_RUNTIME_DIR": str(tmp_path), "PATH": os.environ["PATH"]}, SystemClock())


async def test_the_embedded_store_answers_when_the_ground_stands(tmp_path):
    ground = ground_of(tmp_path)
    await ground.prepare()
    path = ground.store_url.removeprefix("unix://")
    assert path.startswith(str(tmp_path))
    assert await is_answering(path)
    assert len(ground.cookie_secret) == 16
    fault = asyncio.ensure_future(ground.fault())
    await asyncio.sleep(0)
    assert not fault.done()
    fault.cancel()
    await ground.give_back()
    assert not await is_answering(path)


async def test_a_store_by_url_needs_no_state_directory(tmp_path):
    ground = ground_of(tmp_path, redis="redis://h:1/0")
    await ground.prepare()
    assert ground.store_url == "redis://h:1/0"
    assert not (tmp_path / "state").exists()
    await ground.give_back()


async def test_a_store_that_does_not_start_is_refused_and_all_is_given_back(tmp_path):
    files = tmp_path / "state" / "store" / "appendonlydir"
    files.mkdir(parents=True)
    (files / "appendonly.aof.manifest").write_text("garbage\n")
    ground = ground_of(tmp_path)
    with pytest.raises(StoreUnavailable, match="does not start"):
        await ground.prepare()
    addresses = ground.doors.addresses
    await ground.give_back()
    again = ground_of(tmp_path, dns=[str(addresses[0])], redis="redis://h:1/0")
    await again.prepare()
    assert again.doors.addresses == addresses
    await again.give_back()


async def test_giving_back_what_was_never_taken_is_harmless(tmp_path):
    ground = ground_of(tmp_path)
    await ground.give_back()
    assert not (tmp_path / "state").exists()
