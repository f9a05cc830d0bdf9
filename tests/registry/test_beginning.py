"""A replica that restarts takes up what it had compiled, and never shows less, or other, than a load would."""

import logging

import pytest

from dnsd.model.service import Service
from dnsd.registry.image import read_mark
from dnsd.store.operations import delete, put


async def _end(replica) -> None:
    await replica.tasks.stop()
    replica.disk.close()


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "mirror"


@pytest.fixture
async def keep(make_replica, make_endpoint, eventually, directory):
    """A replica that has registered ``a`` and ``b``, keeps an image of it, and has ended."""

    async def keep(**settings):
        before = await make_replica(directory=directory, **settings)
        written = await before.store.write([put(make_endpoint("a")), put(make_endpoint("b"))], 0)
        assert await before.mirror.reached(written.revision, 5)
        await before.disk.leave(before.mirror.standing(), 10)
        assert read_mark(directory).revision == written.revision
        await _end(before)
        return before

    return keep


def _nodes(replica):
    return {owner: node.pack() for owner, node in replica.catalog.table.nodes.items()}


def _is_same(replica, other) -> bool:
    inventory, others = replica.catalog.inventory, other.catalog.inventory
    return (
        _nodes(replica) == _nodes(other)
        and {each.key: each for each in inventory.endpoints()} == {each.key: each for each in others.endpoints()}
        and {each.key: each for each in inventory.services()} == {each.key: each for each in others.services()}
    )


async def test_what_was_compiled_is_taken_up_and_nothing_loaded(make_replica, keep, directory):
    before = await keep()
    after = await make_replica("two", directory=directory)
    assert after.mirror.loads == 0
    assert _is_same(after, before)
    assert after.mirror.revision == before.mirror.revision
    assert after.ear.reloads == 1


async def test_an_image_that_takes_too_long_is_none(make_replica, make_endpoint, directory, caplog):
    before = await make_replica(directory=directory)
    written = await before.store.write([put(make_endpoint("a"))], 0)
    assert await before.mirror.reached(written.revision, 5)
    await before.disk.leave(before.mirror.standing(), -1)
    assert "takes too long" in caplog.text
    mark = read_mark(directory)
    assert mark is None or mark.revision < written.revision


async def test_changes_while_it_was_away_are_in_before_anything_is_shown(
    make_replica, keep, directory, store, make_endpoint, monkeypatch
):
    await keep()
    await store.write([put(make_endpoint("c")), delete(("default", "web", "a"))], 0)
    last = await store.write([put(Service("default", "other", ttl_seconds=77))], 0)
    shown = []
    after = await make_replica("two", directory=directory, is_waited_for=False)
    reload = after.ear.reload
    monkeypatch.setattr(after.ear, "reload", lambda: (shown.append(after.mirror.revision), reload()))
    assert await after.mirror.reached(last.revision, 5)
    fresh = await make_replica("three")
    assert after.mirror.loads == 0
    assert shown == [last.revision]
    assert _is_same(after, fresh)


async def test_it_goes_on_from_there(make_replica, keep, directory, make_endpoint, eventually):
    await keep()
    after = await make_replica("two", directory=directory)
    written = await after.store.write([put(make_endpoint("c"))], 0)
    assert await after.mirror.reached(written.revision, 5)
    await _end(after)
    third = await make_replica("three", directory=directory)
    assert third.mirror.loads == 0
    assert {each.id for each in third.catalog.inventory.endpoints()} == {"a", "b", "c"}


async def test_a_stream_that_does_not_reach_back_so_far_means_a_load(
    make_replica, keep, directory, store, server, make_endpoint
):
    await keep()
    for name in ("c", "d", "e"):
        last = await store.write([put(make_endpoint(name))], 0)
    server.ask("XTRIM", store.keys.changes, "MAXLEN", "1")
    after = await make_replica("two", directory=directory)
    assert await after.mirror.reached(last.revision, 5)
    assert after.mirror.loads == 1
    assert {each.id for each in after.catalog.inventory.endpoints()} == {"a", "b", "c", "d", "e"}


async def test_another_life_of_the_server_means_a_load(make_replica, make_server, server, keep, directory):
    own = make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")
    before = await keep(url=own.url)
    own.kill()
    own.start()
    after = await make_replica("two", url=own.url, directory=directory)
    assert after.mirror.loads == 1
    assert _is_same(after, before)


async def test_another_life_of_a_store_of_our_own_does_not(make_replica, make_server, server, keep, directory):
    own = make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")
    before = await keep(url=own.url)
    own.kill()
    own.start()
    after = await make_replica("two", url=own.url, directory=directory, is_store_own=True)
    assert after.mirror.loads == 0
    assert _is_same(after, before)


async def test_a_torn_image_is_compiled_anew(make_replica, keep, directory, caplog):
    before = await keep()
    image = directory / "image"
    image.write_bytes(image.read_bytes()[:-9])
    with caplog.at_level(logging.WARNING):
        after = await make_replica("two", directory=directory)
    assert "compiled anew: part" in caplog.text
    assert after.mirror.loads == 1
    assert _is_same(after, before)


async def test_without_the_store_the_image_and_the_journal_are_served(
    make_replica, make_server, server, keep, directory, make_endpoint, eventually
):
    own = make_server(server.kind)
    await keep(url=own.url)
    between = await make_replica("two", url=own.url, directory=directory)
    written = await between.store.write([put(make_endpoint("c")), delete(("default", "web", "a"))], 0)
    assert await between.mirror.reached(written.revision, 5)
    await _end(between)
    assert read_mark(directory).revision < written.revision
    own.stop()
    after = await make_replica("three", url=own.url, directory=directory, is_waited_for=False)
    await eventually(lambda: after.mirror.status().loaded)
    assert not after.mirror.status().connected
    assert after.mirror.revision == written.revision
    assert _is_same(after, between)
    own.wake()
    await eventually(lambda: after.mirror.status().connected)
    assert after.mirror.loads == 0


async def test_bad_records_are_read_again_and_said_again(
    make_replica, make_endpoint, directory, store, server, eventually
):
    await store.write([put(make_endpoint("a"))], 0)
    server.ask("HSET", store.keys.endpoints, "default/web/bad", "1 1 0 - {")
    before = await make_replica(directory=directory)
    assert before.mirror.status().bad_records == 1
    await eventually((directory / "snapshot").exists)
    await _end(before)
    assert read_mark(directory) is None
    after = await make_replica("two", directory=directory)
    assert after.mirror.status().bad_records == 1
