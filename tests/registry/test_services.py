"""Writes, as the admin API asks for them: each outcome, each refusal, and what two replicas do to each other."""

import asyncio
from dataclasses import replace

import pytest

from dnsd.model.errors import Conflict, Fault, Gone, InvalidRecord, NotFound, PreconditionFailed, StoreUnavailable
from dnsd.model.service import Service
from dnsd.registry.services import Batch, Delete, Edit, Mark, Precondition, Put, Services

WEB = Service("default", "web")


def weigh(weight):
    return lambda endpoint: replace(endpoint, weight=weight)


async def test_created_renewed_changed_deleted(replica, make_endpoint):
    services, web_1 = replica.services, make_endpoint("web-1")
    created = await services.write(Put(web_1))
    assert (created.outcome, created.revision, created.durability) == ("created", 1, "local")
    assert (created.visible, created.stored, created.remaining_seconds) == (True, True, 15)
    assert (created.value, created.value.revision, created.value.generation) == (web_1, 1, 1)
    assert replica.endpoint("web-1") == web_1
    renewed = await services.write(Put(web_1))
    assert (renewed.outcome, renewed.revision, renewed.visible) == ("renewed", 1, True)
    changed = await services.write(Put(replace(web_1, weight=5)))
    assert (changed.outcome, changed.revision, changed.value.generation) == ("changed", 2, 1)
    deleted = await services.write(Delete(web_1.key))
    assert (deleted.outcome, deleted.revision, deleted.value.weight) == ("deleted", 3, 5)
    assert replica.endpoint("web-1") is None
    assert replica.inventory.service(("default", "web")) is None


async def test_a_service_is_declared_and_replaced(replica):
    assert (await replica.services.write(Put(WEB))).outcome == "created"
    assert (await replica.services.write(Put(WEB))).outcome == "unchanged"
    changed = await replica.services.write(Put(replace(WEB, ttl_seconds=9)))
    assert (changed.outcome, changed.value.ttl_seconds, changed.remaining_seconds) == ("changed", 9, None)


async def test_a_write_that_is_not_seen_in_time_says_so(replica, make_endpoint):
    replica.ear.is_deaf = True
    assert not (await replica.services.write(Put(make_endpoint("a")))).visible


class TestRefusals:
    async def test_unknown_and_deleted(self, replica, make_endpoint):
        key = make_endpoint("a").key
        for operation in (Delete(key), Delete(WEB.key), Edit(key, weigh(1)), Mark(key, "x")):
            with pytest.raises(NotFound, match="default/web"):
                await replica.services.write(operation)
        await replica.services.write(Put(WEB))
        await replica.services.write(Put(make_endpoint("a")))
        await replica.services.write(Delete(WEB.key))
        for operation in (Delete(key), Delete(WEB.key), Edit(key, weigh(1)), Put(make_endpoint("a"), Precondition(2))):
            with pytest.raises(Gone, match="was deleted"):
                await replica.services.write(operation)

    @pytest.mark.parametrize("condition", [Precondition(7), Precondition(absent=True)])
    async def test_a_precondition_that_fails_names_what_stands(self, replica, make_endpoint, condition):
        web_1 = make_endpoint("web-1")
        await replica.services.write(Put(web_1))
        for operation in (Put(replace(web_1, weight=1), condition), Delete(web_1.key, condition)):
            with pytest.raises(PreconditionFailed, match="at revision 1"):
                await replica.services.write(operation)
        with pytest.raises(PreconditionFailed, match="at revision 1"):
            await replica.services.write(Edit(web_1.key, weigh(1), condition))
        assert replica.endpoint("web-1").weight == 100

    async def test_a_revision_of_the_unknown(self, replica, make_endpoint):
        with pytest.raises(PreconditionFailed, match="does not exist"):
            await replica.services.write(Put(make_endpoint("a"), Precondition(1)))

    async def test_garbage_is_as_if_it_was_not_there(self, replica, store, server, make_endpoint):
        key = make_endpoint("a").key
        server.ask("HSET", store.keys.endpoints, "default/web/a", "garbage")
        for operation in (Edit(key, weigh(1)), Mark(key, "x"), Delete(key), Delete(key)):
            with pytest.raises((NotFound, Gone)):
                await replica.services.write(operation)


class TestEdit:
    async def test_the_rest_stays(self, replica, make_endpoint):
        await replica.services.write(Put(make_endpoint("a", metadata={"zone": "b"})))
        edited = await replica.services.write(Edit(("default", "web", "a"), weigh(7), Precondition(1)))
        assert (edited.outcome, edited.value.weight, edited.value.metadata) == ("changed", 7, {"zone": "b"})
        again = await replica.services.write(Edit(("default", "web", "a"), weigh(7)))
        assert again.outcome == "unchanged"

    async def test_what_makes_a_wrong_value_is_invalid(self, replica, make_endpoint):
        await replica.services.write(Put(make_endpoint("a")))
        with pytest.raises(InvalidRecord, match="/weight"):
            await replica.services.write(Edit(("default", "web", "a"), weigh(-1)))

    async def test_many_at_once_lose_nothing(self, make_replica, make_endpoint):
        one, two = await make_replica("one"), await make_replica("two")
        key = ("default", "web", "a")
        await one.services.write(Put(make_endpoint("a", weight=0)))

        async def add_one(replica):
            for _ in range(10):
                while True:
                    try:
                        await replica.services.write(Edit(key, lambda each: replace(each, weight=each.weight + 1)))
                        break
                    except Conflict:
                        continue

        await asyncio.gather(add_one(one), add_one(two), add_one(one))
        assert (await one.store.endpoint(key)).weight == 30

    async def test_a_mirror_that_does_not_know_it_yet(self, make_replica, make_endpoint):
        one, two = await make_replica("one"), await make_replica("two")
        await two.tasks.stop()
        await one.services.write(Put(make_endpoint("a")))
        assert two.endpoint("a") is None
        edited = await two.services.write(Edit(("default", "web", "a"), weigh(3)))
        assert (edited.outcome, edited.value.weight, edited.visible) == ("changed", 3, False)
        assert (await two.services.write(Edit(("default", "web", "a"), weigh(4), Precondition(2)))).value.weight == 4

    async def test_what_changes_faster_than_it_is_edited_is_a_conflict(self, replica, make_endpoint, monkeypatch):
        await replica.services.write(Put(make_endpoint("a")))
        write = replica.store.write

        async def write_after_somebody_else(operations, floor, author):
            stands = await replica.store.endpoint(("default", "web", "a"))
            from dnsd.store.operations import put

            await write([put(replace(make_endpoint("a"), weight=stands.revision))], 0)
            return await write(operations, floor, author)

        monkeypatch.setattr(replica.store, "write", write_after_somebody_else)
        with pytest.raises(Conflict):
            await replica.services.write(Edit(("default", "web", "a"), weigh(3)))


class TestBatch:
    async def test_one_change(self, replica, make_endpoint):
        await replica.services.write(Put(make_endpoint("old")))
        watch = replica.mirror.watch()
        batch = await replica.services.batch(
            [
                Put(replace(WEB, ttl_seconds=7)),
                Put(make_endpoint("a")),
                Edit(("default", "web", "old"), weigh(9)),
                Put(make_endpoint("b", service="other")),
            ]
        )
        assert isinstance(batch, Batch)
        assert (batch.revision, batch.visible, batch.durability) == (2, True, "local")
        assert [each.outcome for each in batch.results] == ["changed", "created", "changed", "created"]
        change = (await anext(watch))[1]
        assert (change.revision, len(change.puts)) == (2, 5)

    async def test_all_or_nothing_and_which_one_it_was(self, replica, make_endpoint):
        with pytest.raises(NotFound) as caught:
            await replica.services.batch([Put(make_endpoint("a")), Delete(("default", "never"))])
        assert caught.value.index == 1
        with pytest.raises(PreconditionFailed) as failed:
            await replica.services.batch([Put(make_endpoint("a"), Precondition(3)), Put(make_endpoint("b"))])
        assert failed.value.index == 0
        assert not replica.inventory.holdings

    async def test_a_wrong_edit_names_its_operation(self, replica, make_endpoint):
        await replica.services.write(Put(make_endpoint("a")))
        with pytest.raises(InvalidRecord) as caught:
            await replica.services.batch([Put(WEB), Edit(("default", "web", "a"), weigh(-1))])
        assert [fault.pointer for fault in caught.value.faults] == ["/operations/1/value/weight"]

    async def test_each_object_once_and_nothing_below_a_service_that_goes(self, replica, make_endpoint):
        web_1 = make_endpoint("web-1")
        with pytest.raises(InvalidRecord) as caught:
            await replica.services.batch([Put(web_1), Put(WEB), Delete(web_1.key), Delete(WEB.key)])
        assert [fault.pointer for fault in caught.value.faults] == ["/operations/2", "/operations/3"]
        with pytest.raises(InvalidRecord) as below:
            await replica.services.batch([Delete(WEB.key), Put(web_1)])
        assert below.value.faults == (Fault("/operations/1", "is below the service that operation 0 deletes"),)

    async def test_a_repeat_makes_no_revision(self, replica, make_endpoint):
        operations = [Put(WEB), Put(make_endpoint("a"))]
        await replica.services.batch(operations)
        again = await replica.services.batch(operations)
        assert ([each.outcome for each in again.results], again.revision) == (["unchanged", "renewed"], 1)

    async def test_nothing_at_all(self, replica):
        assert (await replica.services.batch([])).results == ()


class TestStoreAway:
    @pytest.fixture
    async def lonely(self, make_replica, make_server, server, make_endpoint):
        """A replica whose store has just been killed, with a leased and a permanent endpoint, one of them drained."""
        own = make_server(server.kind)
        replica = await make_replica(url=own.url)
        await replica.services.write(Put(make_endpoint("a")))
        await replica.services.write(Put(make_endpoint("p", lease_seconds=None)))
        await replica.services.write(Mark(("default", "web", "a"), "f"))
        own.kill()
        return replica

    async def test_a_repeat_counts_as_a_heartbeat(self, lonely, make_endpoint):
        written = await lonely.services.write(Put(make_endpoint("a")))
        assert (written.outcome, written.stored, written.visible, written.remaining_seconds) == (
            "renewed",
            False,
            True,
            15,
        )
        assert written.value.draining
        assert lonely.leases.remembered == 1
        permanent = await lonely.services.write(Put(make_endpoint("p", lease_seconds=None)))
        assert (permanent.outcome, permanent.stored) == ("unchanged", False)

    async def test_what_was_not_replicated_is_no_heartbeat_though_the_mirror_has_it_by_now(
        self, make_replica, make_store, server, prefix, make_endpoint
    ):
        """faults.md 12: "503 with the reason" where not enough copies confirm."""
        replica = await make_replica()
        cut_off = make_store(server.url, prefix, write_seconds=0.5, copies=1)
        services = Services(cut_off, replica.mirror, replica.leases)
        with pytest.raises(StoreUnavailable, match="0 of 1 copies"):
            await services.write(Put(make_endpoint("a")))
        assert replica.endpoint("a") is not None, "its stream has brought it meanwhile"
        with pytest.raises(StoreUnavailable, match="0 of 1 copies"):
            await services.write(Put(make_endpoint("a", weight=7)))

    async def test_everything_else_is_refused(self, lonely, make_endpoint):
        for operation in (
            Put(make_endpoint("a", weight=3)),
            Put(make_endpoint("new")),
            Put(make_endpoint("a"), Precondition(99)),
            Put(WEB),
            Delete(("default", "web", "a")),
            Edit(("default", "web", "a"), weigh(100)),
        ):
            with pytest.raises(StoreUnavailable):
                await lonely.services.write(operation)
        with pytest.raises(StoreUnavailable):
            await lonely.services.batch([Put(make_endpoint("a"))])
