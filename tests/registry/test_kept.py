"""What is kept on disk while the store lacks what we hold: a restart goes on holding, and knows what came since."""

import shutil
from pathlib import Path

import pytest

from dnsd.registry.held import FRESH_SECONDS
from dnsd.registry.kept import HELD_FRESH, HELD_OLD, age_of
from dnsd.registry.snapshot import Snapshot
from dnsd.store.operations import delete, put


def _kept(directory: Path) -> tuple[str, set[str]]:
    saved = Snapshot(directory).read()
    return ("", set()) if saved is None else (saved.epoch, {each.id for each in saved.inventory.endpoints()})


def _permanent(make_endpoint, name: str):
    return make_endpoint(name, lease_seconds=None)


@pytest.mark.parametrize("is_store_there", [True, False])
async def test_a_restart_while_the_store_lacks_records_holds_them_and_what_came_since(
    make_replica, make_server, server, make_endpoint, eventually, tmp_path, is_store_there
):
    own, directory = make_server(server.kind), tmp_path / "m"
    before = await make_replica(url=own.url, directory=directory)
    await before.store.write([put(_permanent(make_endpoint, "lost"))], 0)
    await eventually(lambda: _kept(directory) == (before.mirror.epoch, {"lost"}))
    own.ask("FLUSHALL")
    await eventually(lambda: before.mirror.status().is_suspect)
    await before.store.write([put(_permanent(make_endpoint, "new"))], before.mirror.revision)
    await eventually(lambda: _kept(directory) == (HELD_FRESH, {"lost", "new"}))
    await before.tasks.stop()
    before.disk.close()
    if not is_store_there:
        own.stop()
    after = await make_replica("two", url=own.url, directory=directory, is_waited_for=False)
    await eventually(lambda: after.mirror.status().loaded)
    assert {name for name in ("lost", "new") if after.endpoint(name)} == {"lost", "new"}
    own.wake()
    await eventually(lambda: after.mirror.status().connected)
    assert after.mirror.status().is_suspect
    assert after.mirror.status().held == 1
    await after.refill.restore_held()
    await eventually(lambda: after.mirror.status().problem == "")
    await eventually(lambda: _kept(directory) == (after.mirror.epoch, {"lost", "new"}))


async def test_a_store_that_went_back_behind_our_journal_while_we_were_away_too_is_not_believed(
    make_replica, make_server, server, make_endpoint, eventually, tmp_path
):
    """The host fell: the store comes back as of its last save, ahead of our snapshot but not of what is behind that."""
    own = make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")
    before = await make_replica(url=own.url, directory=tmp_path / "m")
    await eventually((tmp_path / "m" / "snapshot").exists)
    await before.store.write([put(make_endpoint("a"))], 0)
    shutil.copytree(own.folder / "appendonlydir", tmp_path / "saved")
    last = await before.store.write([put(make_endpoint("b"))], 0)
    await eventually(lambda: _kept(tmp_path / "m") == (before.mirror.epoch, {"a", "b"}))
    await before.tasks.stop()
    before.disk.close()
    own.kill()
    shutil.rmtree(own.folder / "appendonlydir")
    shutil.copytree(tmp_path / "saved", own.folder / "appendonlydir")
    own.start()
    after = await make_replica("two", url=own.url, directory=tmp_path / "m")
    assert after.endpoint("b") is not None
    assert after.mirror.status().held == 1
    assert (await after.store.write([put(make_endpoint("c"))], 0)).revision > last.revision, "none is used twice"


@pytest.mark.parametrize("is_lost", [True, False])
async def test_after_a_restart_only_removals_since_explain_what_the_store_lacks(
    make_replica, make_server, server, make_endpoint, eventually, tmp_path, is_lost
):
    """Those that expired long before do not: or an old store could lose nearly all it has, and be believed."""
    own = make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")
    before = await make_replica(url=own.url, directory=tmp_path / "m")
    names = [f"e{number}" for number in range(10)]
    for _ in range(3):
        await before.store.write([put(make_endpoint(name)) for name in names], 0)
        await before.store.write([delete(("default", "web", name)) for name in names], 0)
    last = await before.store.write([put(make_endpoint(name)) for name in names], 0)
    assert await before.mirror.reached(last.revision, 5)
    await before.tasks.stop()
    before.disk.close()
    if is_lost:
        own.ask("HDEL", before.store.keys.endpoints, *(f"default/web/{name}" for name in names[1:]))
    else:
        await before.store.write([delete(("default", "web", name)) for name in names[1:]], 0)
    own.kill()
    after = await make_replica("two", url=own.url, directory=tmp_path / "m", is_waited_for=False)
    await eventually(lambda: after.mirror.status().loaded)
    own.start()
    await eventually(lambda: after.mirror.status().connected)
    assert (after.endpoint("e9") is not None, after.mirror.status().held) == (is_lost, 9 * is_lost)
    assert after.mirror.status().is_suspect is is_lost


def test_what_was_too_old_to_be_written_back_does_not_grow_young_by_a_restart() -> None:
    def aged(epoch: str) -> float:
        return age_of(epoch, 1000.0, 1010.0)

    assert aged("a real one") == aged(HELD_FRESH) == 10.0
    assert aged(HELD_OLD) > FRESH_SECONDS
