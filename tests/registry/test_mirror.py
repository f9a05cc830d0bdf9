"""The mirror against real servers: it is in step, or it knows that it is not."""

import asyncio
import logging
from dataclasses import replace

import pytest

from dnsd.authority import lastknown, slowstart
from dnsd.model.change import Removal
from dnsd.model.errors import Gone
from dnsd.model.message import RRType
from dnsd.model.names import name_from_text
from dnsd.model.rdata import Soa
from dnsd.model.rrset import Record, RRset, ZoneData
from dnsd.model.service import Service
from dnsd.store.operations import delete, put


@pytest.fixture
def durable(make_server, server):
    """A server of the test's own that keeps what it acknowledged."""
    return make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")


async def write(replica, *operations):
    return await replica.store.write(operations, 0)


async def test_what_is_in_the_store_is_loaded(store, make_replica, make_endpoint):
    await store.write([put(make_endpoint("a"))], 0)
    replica = await make_replica()
    status = replica.mirror.status()
    assert (status.loaded, status.connected, status.revision, status.problem) == (True, True, 1, "")
    assert status.epoch == (await store.open()).epoch
    assert replica.endpoint("a").revision == 1
    assert replica.catalog.table.loaded
    assert replica.ear.reloads == 1
    assert replica.mirror.facts == await store.check()


async def test_before_the_first_load_it_says_so(make_replica, tmp_path):
    replica = await make_replica(url=f"unix://{tmp_path}/none", is_waited_for=False)
    status = replica.mirror.status()
    assert (status.loaded, status.connected, status.epoch) == (False, False, "")
    assert status.problem
    assert not await replica.mirror.reached(1, 0.01)


async def test_a_change_reaches_every_replica_soon(make_replica, make_endpoint):
    one, two = await make_replica("one"), await make_replica("two")
    accepted = await write(one, put(make_endpoint("a")))
    for replica in (one, two):
        assert await replica.mirror.reached(accepted.revision, 1)
        assert replica.endpoint("a") is not None
        assert len(replica.ear.deltas) == 1


async def test_reached_means_the_audience_too(replica, make_endpoint):
    replica.ear.is_deaf = True
    accepted = await write(replica, put(make_endpoint("a")))
    assert not await replica.mirror.reached(accepted.revision, 0.2)
    assert replica.endpoint("a") is not None


async def test_moved_tells_when_there_is_something_new(replica, make_endpoint):
    assert not await replica.mirror.moved(0, 0.01)
    waiting = asyncio.ensure_future(replica.mirror.moved(0, 5))
    await write(replica, put(make_endpoint("a")))
    assert await waiting


async def test_a_service_goes_with_its_endpoints(replica, make_endpoint):
    await write(replica, put(make_endpoint("a")), put(make_endpoint("b")))
    watch = replica.mirror.watch()
    await replica.mirror.reached(1, 1)
    accepted = await write(replica, delete(("default", "web")))
    assert await replica.mirror.reached(accepted.revision, 1)
    assert not replica.inventory.holdings
    while (change := (await anext(watch))[1]).revision != 2:
        pass
    assert set(change.removals) == {
        Removal(("default", "web", "a"), "deleted"),
        Removal(("default", "web", "b"), "deleted"),
        Removal(("default", "web"), "deleted"),
    }


async def test_many_changes_arrive_in_order_and_none_twice(make_replica, make_endpoint):
    one, two = await make_replica("one"), await make_replica("two")
    watch = two.mirror.watch()
    writes = [write(one, put(make_endpoint(f"e{number}"))) for number in range(300)]
    await asyncio.gather(*writes)
    assert await two.mirror.reached(300, 5)
    assert [(await anext(watch))[1].revision for _ in range(300)] == list(range(1, 301))
    assert len(list(two.inventory.endpoints())) == 300


class TestConnectionLost:
    async def test_answers_go_on_and_it_comes_back(self, make_replica, durable, make_endpoint, eventually, caplog):
        replica = await make_replica(url=durable.url)
        await write(replica, put(make_endpoint("a")))
        assert await replica.mirror.reached(1, 1)
        with caplog.at_level(logging.INFO):
            durable.kill()
            await eventually(lambda: not replica.mirror.status().connected)
            assert replica.endpoint("a") is not None
            assert replica.catalog.table.loaded
            assert replica.mirror.status().problem.startswith("connection: ")
            await eventually(lambda: replica.mirror.status().age_seconds > 0.3)
            durable.start()
            await eventually(lambda: replica.mirror.status().connected)
        assert sum("is away" in record.message for record in caplog.records) == 1
        assert sum("in step" in record.message for record in caplog.records) == 1
        assert replica.ear.reloads == 1, "nothing differed, so nothing is loaded anew"
        accepted = await write(replica, put(make_endpoint("b")))
        assert await replica.mirror.reached(accepted.revision, 1)

    async def test_a_cut_connection_is_resumed_from_the_stream(self, make_replica, durable, make_endpoint, eventually):
        replica = await make_replica(url=durable.url)
        watch = replica.mirror.watch()
        for number in range(20):
            await write(replica, put(make_endpoint(f"e{number}")))
            if number % 5 == 0:
                durable.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert await replica.mirror.reached(20, 5)
        assert [(await anext(watch))[1].revision for _ in range(20)] == list(range(1, 21))
        assert replica.ear.reloads == 1

    async def test_watchers_live_through_a_restart_of_the_store(self, make_replica, durable, make_endpoint, eventually):
        replica = await make_replica(url=durable.url)
        await write(replica, put(make_endpoint("a")))
        assert await replica.mirror.reached(1, 1)
        watch = replica.mirror.watch()
        durable.kill()
        await eventually(lambda: not replica.mirror.status().connected)
        durable.start()
        await eventually(lambda: replica.mirror.status().connected)
        await write(replica, put(make_endpoint("b")))
        assert [each.id for each in (await anext(watch))[1].puts] == ["b"]

    async def test_a_server_that_stands_still_is_left(
        self, make_replica, durable, make_endpoint, eventually, monkeypatch
    ):
        from dnsd.store import reader

        monkeypatch.setattr(reader, "READ_SECONDS", 0.2)
        replica = await make_replica(url=durable.url)
        durable.stop()
        await eventually(lambda: not replica.mirror.status().connected)
        assert replica.mirror.status().problem.startswith("timeout: ")
        durable.wake()
        await eventually(lambda: replica.mirror.status().connected)


class TestHistory:
    """Whatever could hide a change makes the mirror read everything anew."""

    async def test_a_trimmed_stream(self, replica, store, server, make_endpoint, eventually, monkeypatch):
        await write(replica, put(make_endpoint("a")), put(make_endpoint("b")))
        assert await replica.mirror.reached(1, 1)
        watch = replica.mirror.watch()
        # Three changes of which the stream keeps but the last: written in one go, so that nobody reads in between.
        server.ask("XSETID", store.keys.changes, "3-0")
        server.ask("HSET", store.keys.meta, "revision", "3")
        server.ask("HDEL", store.keys.endpoints, "default/web/b")
        accepted = await write(replica, put(make_endpoint("c")))
        assert accepted.revision == 4
        assert await replica.mirror.reached(4, 2)
        assert sorted(each.id for each in replica.inventory.endpoints()) == ["a", "c"]
        change = (await anext(watch))[1]
        assert ([each.key[2:] for each in change.puts], change.removals) == (
            [("c",)],
            (Removal(("default", "web", "b"), "deleted"),),
        )

    async def test_a_revision_that_leaped_without_an_entry(self, replica, store, server, make_endpoint, eventually):
        await write(replica, put(make_endpoint("a")))
        await replica.mirror.reached(1, 1)
        await store.open(floor=500)
        await eventually(lambda: replica.mirror.revision == 1500)
        assert replica.endpoint("a") is not None

    async def test_a_master_that_lost_the_last_changes(
        self, make_replica, make_server, server, make_endpoint, eventually
    ):
        own = make_server(server.kind)
        replica = await make_replica(url=own.url)
        await write(replica, put(make_endpoint("kept")))
        for number in range(5):
            await write(replica, put(make_endpoint(f"lost{number}")))
        assert await replica.mirror.reached(6, 1)
        # What a failover to a late copy leaves: an earlier state of everything, under the same epoch.
        keys = replica.store.keys
        own.ask("DEL", keys.changes)
        for number in range(5):
            own.ask("HDEL", keys.endpoints, f"default/web/lost{number}")
        own.ask("HSET", keys.meta, "revision", "1")
        await eventually(lambda: replica.mirror.revision == 1006)
        assert [each.id for each in replica.inventory.endpoints()] == ["kept"]
        accepted = await write(replica, put(make_endpoint("next")))
        assert accepted.revision == 1007

    async def test_another_epoch_with_content(self, replica, store, server, make_endpoint, eventually):
        await write(replica, put(make_endpoint("a")))
        await replica.mirror.reached(1, 1)
        watch = replica.mirror.watch()
        server.ask("HSET", store.keys.meta, "epoch", "another")
        await eventually(lambda: replica.mirror.epoch == "another")
        assert replica.endpoint("a") is not None
        with pytest.raises(Gone):
            await anext(watch)
        with pytest.raises(Gone):
            replica.mirror.watch(("before", 1))

    async def test_a_store_that_came_back_empty_is_not_believed(
        self, make_replica, make_server, server, make_endpoint, eventually, caplog
    ):
        own = make_server(server.kind)
        replica = await make_replica(url=own.url)
        await write(replica, put(make_endpoint("a")))
        await replica.mirror.reached(1, 1)
        epoch = replica.mirror.epoch
        own.ask("FLUSHALL")
        await eventually(lambda: replica.mirror.status().problem.startswith("store-suspect: "))
        assert replica.mirror.status().is_suspect
        assert "dnsd store restore" in replica.mirror.status().problem
        assert replica.mirror.epoch != epoch
        assert replica.endpoint("a") is not None, "what we held goes on being answered"
        assert sum("store-suspect" in record.message for record in caplog.records) == 1
        accepted = await write(replica, put(make_endpoint("b")))
        assert accepted.revision > 1000, "the new store leaped above what we know"
        await eventually(lambda: replica.endpoint("b") is not None)
        assert replica.endpoint("a") is not None
        await write(replica, put(make_endpoint("a")))
        await eventually(lambda: not replica.mirror.status().is_suspect)
        assert replica.mirror.status().problem == ""

    async def test_a_store_that_was_emptied_in_order_is_believed(self, make_replica, server, store, make_endpoint):
        replica = await make_replica()
        await write(replica, put(make_endpoint("a")))
        accepted = await write(replica, delete(("default", "web", "a")))
        assert await replica.mirror.reached(accepted.revision, 1)
        assert not replica.inventory.holdings
        assert replica.mirror.status().problem == ""


class TestForeignStore:
    async def test_garbage_is_skipped_counted_and_logged_once(self, store, server, make_replica, make_endpoint, caplog):
        await store.write([put(make_endpoint("good"))], 0)
        for number in range(3):
            server.ask("HSET", store.keys.endpoints, f"default/web/bad{number}", "garbage\x1b[31m")
        replica = await make_replica()
        assert [each.id for each in replica.inventory.endpoints()] == ["good"]
        assert replica.mirror.status().bad_records == 3
        logged = [record.message for record in caplog.records if "make no sense" in record.message]
        assert len(logged) == 1
        assert logged[0].startswith("3 records make no sense")
        assert "\x1b" not in logged[0]

    async def test_garbage_in_the_stream_does_not_stop_it(self, replica, store, server, make_endpoint):
        await write(replica, put(make_endpoint("a")))
        assert await replica.mirror.reached(1, 1)
        server.ask("XADD", store.keys.changes, "2-0", "+endpoint default/web/bad", "garbage", "?", "")
        server.ask("HSET", store.keys.meta, "revision", "2")
        accepted = await write(replica, put(make_endpoint("b")))
        assert await replica.mirror.reached(accepted.revision, 1)
        assert replica.mirror.status().bad_records == 1

    async def test_a_key_of_another_type_is_a_problem_with_a_name(self, store, server, make_replica, eventually):
        await store.open()
        server.ask("SET", store.keys.endpoints, "what somebody else put there")
        replica = await make_replica(is_waited_for=False)
        await eventually(lambda: replica.mirror.status().problem.startswith("wrong-type: "))
        assert not replica.mirror.status().loaded

    async def test_a_newer_schema_is_read(self, store, server, make_replica, make_endpoint):
        await store.write([put(make_endpoint("a"))], 0)
        server.ask("HSET", store.keys.meta, "schema", "2")
        replica = await make_replica()
        assert replica.endpoint("a") is not None
        assert replica.mirror.status().problem.startswith("newer-schema: ")

    async def test_a_store_that_may_drop_keys_is_not_followed(self, make_server, server, make_replica, eventually):
        own = make_server(server.kind, "--maxmemory-policy", "volatile-lru")
        replica = await make_replica(url=own.url, is_waited_for=False)
        await eventually(lambda: replica.mirror.status().problem.startswith("evicting: "))
        assert not replica.mirror.status().loaded


async def test_thousands_are_loaded_beside_and_swapped(store, make_replica, make_endpoint, server):
    for start in range(0, 5000, 1000):
        await store.write([put(make_endpoint(f"e{n}", service=f"s{n % 500}")) for n in range(start, start + 1000)], 0)
    replica = await make_replica()
    assert len(list(replica.inventory.endpoints())) == 5000
    assert replica.mirror.revision == 5
    # As many differ after a gap: they are swapped in, not applied one by one.
    watch = replica.mirror.watch()
    server.ask("HDEL", store.keys.endpoints, *(f"default/s{n % 500}/e{n}" for n in range(2000)))
    await store.open(floor=100)
    assert await replica.mirror.reached(1100, 5)
    assert len(list(replica.inventory.endpoints())) == 3000
    assert replica.ear.reloads == 2
    assert len((await anext(watch))[1].removals) == 2000


async def test_the_last_known_answers_end(replica, make_endpoint, eventually, monkeypatch):
    from dnsd.authority import lastknown

    service = Service("default", "web", when_empty="last_known")
    monkeypatch.setattr(lastknown, "KEPT_SECONDS", 0.2)
    await write(replica, put(service), put(make_endpoint("a")))
    accepted = await write(replica, put(replace(make_endpoint("a"), ready=False)))
    assert await replica.mirror.reached(accepted.revision, 1)
    before = len(replica.ear.deltas)
    await eventually(lambda: len(replica.ear.deltas) > before)
    assert replica.ear.deltas[-1].nodes


async def test_static_zones_come_in_steps_and_lose_no_change(replica, make_endpoint, monkeypatch):
    """While the table is built anew with the zone files, a change waits, and is applied behind them."""
    monkeypatch.setattr("dnsd.authority.catalog.STEP_OBJECTS", 1)
    await write(replica, *(put(make_endpoint(f"e{number}")) for number in range(50)))
    assert await replica.mirror.reached(1, 1)
    apex = name_from_text("example.org.")
    soa = RRset(apex, RRType.SOA, 60, (Record(Soa(apex, apex, 1).packed()),))
    setting = asyncio.ensure_future(replica.mirror.set_static([ZoneData(apex, (soa,), "example.org.zone")]))
    await asyncio.sleep(0)
    accepted = await write(replica, put(make_endpoint("late")))
    assert await replica.mirror.reached(accepted.revision, 2)
    await setting
    assert apex in replica.catalog.table.zones
    assert replica.endpoint("late") is not None
    assert name_from_text("late.web.default.svc.cluster.local.") in replica.catalog.table.nodes
    assert replica.ear.reloads == 2


class TestTimeAlone:
    """What time alone changes in the answers comes with a revision: the SOA serial is made of it."""

    @pytest.fixture(autouse=True)
    def short_lives(self, monkeypatch):
        monkeypatch.setattr(lastknown, "KEPT_SECONDS", 1.0)
        monkeypatch.setattr(slowstart, "STEP_SECONDS", 0.1)

    @staticmethod
    def has_name(replica):
        return bool(replica.catalog.table.nodes[name_from_text("a.web.default.svc.cluster.local")].answers)

    async def lose_the_last(self, make_endpoint, *replicas):
        web = Service("default", "web", when_empty="last_known")
        accepted = await write(replicas[0], put(web), put(make_endpoint("a")))
        for replica in replicas:  # who is told of both changes at once never knew it
            assert await replica.mirror.reached(accepted.revision, 5)
        return (await write(replicas[0], put(make_endpoint("a", ready=False)))).revision

    async def test_the_end_of_a_last_known_answer(self, make_replica, make_endpoint, eventually):
        replicas = [await make_replica(name) for name in ("one", "two")]
        revision = await self.lose_the_last(make_endpoint, *replicas)
        for replica in replicas:
            assert await replica.mirror.reached(revision, 5)
            assert self.has_name(replica)
        for replica in replicas:
            await eventually(lambda replica=replica: not self.has_name(replica))
            assert replica.catalog.table.revision > revision
            assert replica.ear.deltas[-1].revision > revision
        assert {replica.ear.reloads for replica in replicas} == {1}

    async def test_it_ends_where_the_store_takes_no_write(self, replica, server, make_endpoint, eventually):
        revision = await self.lose_the_last(make_endpoint, replica)
        assert await replica.mirror.reached(revision, 5)
        server.ask("HSET", replica.store.keys.meta, "schema", "99")
        await eventually(lambda: not self.has_name(replica))
        assert replica.catalog.table.revision == revision
        assert replica.mirror.status().connected

    async def test_weights_that_rise(self, replica, make_endpoint, eventually):
        web = Service("default", "web", slow_start_seconds=1)
        accepted = await write(replica, put(web), put(make_endpoint("a", weight=1000)))
        assert await replica.mirror.reached(accepted.revision, 5)
        seen = set()

        def is_warm():
            (endpoint,) = replica.catalog.published(("default", "web"))
            seen.add((endpoint.weight, replica.catalog.table.revision))
            return endpoint.weight == 1000

        await eventually(is_warm)
        assert len(seen) == len({weight for weight, _ in seen}) == len({revision for _, revision in seen}) > 1
        assert (await write(replica, put(make_endpoint("b", weight=1)))).results[0].outcome == "created"
