"""A store that lost what the mirror holds: not believed, filled again, adopted only when told."""

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
