"""Records that a store lost are written back: set if absent, never what was deleted of late."""

from dnsd.store.operations import put


def _permanent(make_endpoint, name: str, service: str = "web"):
    return make_endpoint(name, service=service, lease_seconds=None)


async def test_leased_records_come_back_by_themselves_and_permanent_ones_by_restore(
    make_replica, make_server, server, make_endpoint, eventually
):
    own = make_server(server.kind)
    replica = await make_replica(url=own.url)
    await replica.store.write([put(make_endpoint("leased")), put(_permanent(make_endpoint, "kept"))], 0)
    await eventually(lambda: replica.endpoint("kept") is not None)
    revision = replica.mirror.revision
    own.ask("FLUSHALL")
    await eventually(lambda: replica.mirror.status().is_suspect)
    replica.tasks.start("refill", replica.refill.run())
    await eventually(lambda: replica.mirror.status().held == 1)
    assert await replica.store.endpoint(("default", "web", "leased")) is not None
    assert await replica.store.endpoint(("default", "web", "kept")) is None
    assert replica.endpoint("kept") is not None
    assert (await replica.refill.restore_held())["created"] == 1
    await eventually(lambda: replica.mirror.status().problem == "")
    stands = await replica.store.endpoint(("default", "web", "kept"))
    assert stands.revision > revision + 1000, "no revision is used twice"
    assert not replica.mirror.status().is_suspect


async def test_deleted_meanwhile_is_not_written_back(make_replica, make_server, server, make_endpoint, eventually):
    own = make_server(server.kind)
    replica = await make_replica(url=own.url)
    await replica.store.write([put(make_endpoint("a"))], 0)
    await eventually(lambda: replica.endpoint("a") is not None)
    own.ask("FLUSHALL")
    await replica.store.write([put(make_endpoint("a", service="other"))], replica.mirror.revision)
    own.ask("ZADD", replica.store.keys.tombstones, "600", "default/web/a")
    await eventually(lambda: replica.mirror.status().is_suspect)
    assert (await replica.refill.restore_held())["skipped"] == 1
    await eventually(lambda: replica.endpoint("a") is None)
    assert replica.endpoint("a", "other") is not None
