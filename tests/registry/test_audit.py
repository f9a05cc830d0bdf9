"""The audit as documents."""

from dnsd.codec.audit import Author
from dnsd.registry.audit import Audit
from dnsd.registry.services import Delete, Put


async def test_who_wrote_what_on_several_replicas(make_replica, make_endpoint) -> None:
    one, two = await make_replica("one"), await make_replica("two")
    for each in (one, two):  # a drain waits for what they report
        each.tasks.start("replicas", each.replicas.run())
    await one.services.write(Put(make_endpoint("a")), Author("alice", "192.0.2.1", "one", 10))
    await two.services.batch([Put(make_endpoint("b"))], Author("bob", "192.0.2.2", "two", 20))
    await two.services.write(Put(make_endpoint("c")))
    await one.drains.drain(("default", "web", "b"), author=Author("alice", "192.0.2.1", "one", 30))
    await two.services.write(Delete(("default", "web")), Author("bob", "192.0.2.2", "two", 40))
    told = await Audit(one.store).page(10)
    assert [(each["at"], each["who"], each["from"], each["replica"], each["what"]) for each in told] == [
        (40, "bob", "192.0.2.2", "two", "deleted service default/web"),
        (30, "alice", "192.0.2.1", "one", "changed endpoint default/web/b"),
        (20, "bob", "192.0.2.2", "two", "created endpoint default/web/b"),
        (10, "alice", "192.0.2.1", "one", "created endpoint default/web/a"),
    ]
    assert [each["revision"] for each in told] == sorted((each["revision"] for each in told), reverse=True)
    assert await Audit(two.store).page(2, str(told[1]["id"])) == told[2:]


async def test_what_an_operator_asks_of_the_store_is_noted(replica, make_endpoint) -> None:
    await replica.services.write(Put(make_endpoint("a", lease_seconds=None)))
    author = Author("alice", "192.0.2.1", "one", 10)
    await replica.mirror.adopt(author)
    [entry] = await Audit(replica.store).page(10)
    assert (entry["who"], entry["what"]) == ("alice", f"adopted the store, epoch {replica.mirror.epoch}")
