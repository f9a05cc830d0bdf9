import pytest

from dnsd.model.errors import StoreUnavailable
from dnsd.registry import leases as module
from dnsd.store.operations import delete, put


@pytest.fixture
def own(make_server, server):
    return make_server(server.kind, "--appendonly", "yes", "--appendfsync", "always")


async def test_each_key_is_renewed_unknown_or_deleted(replica, make_endpoint):
    leased, permanent, deleted = make_endpoint("a"), make_endpoint("b", lease_seconds=None), make_endpoint("c")
    await replica.store.write([put(each) for each in (leased, permanent, deleted)], 0)
    await replica.store.write([delete(deleted.key)], 0)
    unknown = ("default", "web", "x")
    renewals = await replica.leases.renew([leased.key, permanent.key, deleted.key, unknown])
    assert renewals.renewed == ((leased.key, 15), (permanent.key, None))
    assert (renewals.unknown, renewals.deleted, renewals.stored) == ((unknown,), (deleted.key,), True)
    assert await replica.leases.remaining_seconds([leased.key, unknown]) == {leased.key: 15, unknown: None}


async def test_while_the_store_is_away_heartbeats_are_remembered(make_replica, own, make_endpoint):
    replica = await make_replica(url=own.url)
    leased, permanent = make_endpoint("a", lease_seconds=30), make_endpoint("b", lease_seconds=None)
    await replica.store.write([put(leased), put(permanent)], 0)
    await replica.mirror.reached(1, 1)
    seen = await replica.store.tick()
    await replica.store.tick(seen.tick, seen.history)
    own.kill()
    unknown = ("default", "web", "x")
    renewals = await replica.leases.renew([leased.key, permanent.key, unknown])
    assert renewals.renewed == ((leased.key, 30), (permanent.key, None), (unknown, None))
    assert (renewals.unknown, renewals.deleted, renewals.stored, renewals.revision) == ((), (), False, 1)
    assert await replica.leases.remaining_seconds([leased.key]) == {}
    assert replica.leases.remembered == 3
    with pytest.raises(StoreUnavailable):
        await replica.leases.store_remembered()
    assert replica.leases.remembered == 3
    own.start()
    assert await replica.leases.remaining_seconds([leased.key]) == {leased.key: 29}
    await replica.leases.store_remembered()
    assert replica.leases.remembered == 0
    assert await replica.leases.remaining_seconds([leased.key]) == {leased.key: 30}


async def test_what_is_remembered_is_bounded(make_replica, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED_MOST", 5)
    replica = await make_replica(url=f"unix://{tmp_path}/none", is_waited_for=False)
    renewals = await replica.leases.renew([("default", "web", f"e{number}") for number in range(9)])
    assert (len(renewals.renewed), renewals.stored) == (9, False)
    assert replica.leases.remembered == 5
