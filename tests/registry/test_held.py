"""A store that lost what the mirror holds: not believed, filled again, adopted only when told."""

import shutil

import pytest

from dnsd.registry.held import FRESH_SECONDS, Held, Loss
from dnsd.store.operations import delete, put


def _permanent(make_endpoint, name: str, service: str = "web"):
    return make_endpoint(name, service=service, lease_seconds=None)


async def test_adopt_drops_what_the_store_lacks_on_every_replica(
    make_replica, make_server, server, make_endpoint, eventually
):
    own = make_server(server.kind)
    one, two = await make_replica("one", url=own.url), await make_replica("two", url=own.url)
    await one.store.write([put(_permanent(make_endpoint, "kept"))], 0)
    await eventually(lambda: one.endpoint("kept") is not None and two.endpoint("kept") is not None)
    own.ask("FLUSHALL")
    await eventually(lambda: one.mirror.status().is_suspect and two.mirror.status().is_suspect)
    assert await one.mirror.adopt() == 1
    await eventually(lambda: one.endpoint("kept") is None and two.endpoint("kept") is None)
    await eventually(lambda: one.mirror.status().problem == two.mirror.status().problem == "")


async def test_adopt_means_the_store_that_is_there_also_before_the_mirror_has_seen_it(
    make_replica, make_server, server, make_endpoint, eventually
):
    own = make_server(server.kind)
    replica = await make_replica(url=own.url)
    await replica.store.write([put(_permanent(make_endpoint, "kept"))], 0)
    await eventually(lambda: replica.endpoint("kept") is not None)
    await replica.tasks.stop()
    own.ask("FLUSHALL")
    before = replica.mirror.epoch
    await replica.mirror.adopt()
    replica.tasks.start("mirror", replica.mirror.run())
    await eventually(lambda: replica.mirror.epoch != before)
    assert (replica.endpoint("kept"), replica.mirror.status().held) == (None, 0)


async def test_half_a_store_lost_is_suspect_and_a_deleted_half_is_not(
    make_replica, make_server, server, make_endpoint, eventually
):
    own = make_server(server.kind)
    replica = await make_replica(url=own.url)
    await replica.store.write([put(_permanent(make_endpoint, f"e{number}")) for number in range(6)], 0)
    await eventually(lambda: replica.endpoint("e5") is not None)
    await replica.tasks.stop()
    await replica.store.write([delete(("default", "web", f"e{number}")) for number in range(4)], 0)
    own.ask("CONFIG", "RESETSTAT")
    own.ask("DEL", replica.store.keys.changes)
    replica.tasks.start("mirror", replica.mirror.run())
    await eventually(lambda: replica.endpoint("e0") is None)
    assert replica.mirror.status().held == 0


async def test_a_store_that_went_back_in_its_own_history_is_not_believed_and_filled_again(
    make_replica, make_server, server, make_endpoint, eventually, tmp_path
):
    """Its file of an hour ago was put back: the same epoch, fewer records, a smaller revision."""
    own = make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")
    replica = await make_replica(url=own.url)
    await replica.store.write([put(make_endpoint(f"e{number}")) for number in range(4)], 0)
    shutil.copytree(own.folder / "appendonlydir", tmp_path / "before")
    for number in range(4, 10):
        await replica.store.write([put(make_endpoint(f"e{number}"))], 0)
    await eventually(lambda: replica.endpoint("e9") is not None)
    epoch, revision = replica.mirror.epoch, replica.mirror.revision
    own.kill()
    shutil.rmtree(own.folder / "appendonlydir")
    shutil.copytree(tmp_path / "before", own.folder / "appendonlydir")
    own.start()
    await eventually(lambda: replica.mirror.status().is_suspect)
    assert replica.mirror.epoch == epoch
    assert all(replica.endpoint(f"e{number}") is not None for number in range(10))
    replica.tasks.start("refill", replica.refill.run())
    await eventually(lambda: not replica.mirror.status().is_suspect)
    assert all(replica.endpoint(f"e{number}") is not None for number in range(10))
    assert (await replica.store.endpoint(("default", "web", "e9"))).revision > revision, "none is used twice"


async def test_what_a_flushed_store_lacks_is_held_until_somebody_decides_also_behind_a_load(
    make_replica, make_server, server, make_endpoint, eventually
):
    """The stream no longer leads on from where we are: everything is read anew, of the same store in the same life."""
    own = make_server(server.kind)
    replica = await make_replica(url=own.url)
    await replica.store.write([put(_permanent(make_endpoint, "kept"))], 0)
    await eventually(lambda: replica.endpoint("kept") is not None)
    own.ask("FLUSHALL")
    await eventually(lambda: replica.mirror.status().is_suspect)
    loads = replica.mirror.loads
    replica.mirror.read_again()
    await eventually(lambda: replica.mirror.loads > loads)
    assert replica.endpoint("kept") is not None
    assert replica.mirror.status().problem.startswith("store-suspect: the store came back empty; 1 records")
    await replica.refill.restore_held()
    await eventually(lambda: replica.mirror.status().problem == "")
    assert replica.endpoint("kept") is not None


@pytest.mark.parametrize(("age_seconds", "back"), [(FRESH_SECONDS, ["leased"]), (FRESH_SECONDS + 1, [])])
def test_a_mirror_that_was_long_out_of_step_writes_nothing_back_of_itself(make_endpoint, age_seconds, back):
    held = Held()
    lost = Loss((make_endpoint("leased"), _permanent(make_endpoint, "kept")), "came back empty")
    held.take(lost, age_seconds)
    assert [each.id for each in held.may_return()] == back
    assert held.is_suspect
    held.take(lost, 0.0)  # a moment later; it does not become fresh by waiting
    assert [each.id for each in held.may_return()] == back


def test_a_small_loss_is_told_to_people_only_when_nobody_writes_it_back(make_endpoint):
    young, old = Held(), Held()
    young.take(Loss((make_endpoint("lost"),)), FRESH_SECONDS)
    old.take(Loss((make_endpoint("lost"),)), FRESH_SECONDS + 1)
    assert (len(young.may_return()), young.problem) == (1, "")
    assert (old.may_return(), old.problem.partition(";")[0]) == ([], "store-suspect: the store has lost records")
