import time
from dataclasses import replace

import pytest

from dnsd.model.errors import NotFound
from dnsd.model.service import Service
from dnsd.registry import drains as module
from dnsd.registry.services import Put


@pytest.fixture
async def draining(make_replica, make_endpoint):
    """A replica that reports, with two endpoints of a service with a TTL of 40 s."""
    replica = await make_replica("one")
    replica.tasks.start("replicas", replica.replicas.run())
    await replica.services.write(Put(Service("default", "web", ttl_seconds=40)))
    for name in "ab":
        await replica.services.write(Put(make_endpoint(name)))
    return replica


A, B = ("default", "web", "a"), ("default", "web", "b")


async def test_a_drain_ends_when_all_applied_it_and_says_when_it_is_safe(draining):
    drained = await draining.drains.drain(A)
    assert (drained.applied, drained.pending, drained.last) == (("one",), (), False)
    assert drained.written.value.draining
    assert drained.safe_at == pytest.approx(time.time() + 40, abs=2)
    assert draining.endpoint("a").draining


async def test_caches_may_hold_what_was_answered_under_a_longer_ttl(draining):
    draining.ttls.look()
    await draining.services.write(Put(Service("default", "web", ttl_seconds=7)))
    draining.ttls.look()
    assert (await draining.drains.drain(A)).safe_at == pytest.approx(time.time() + 40, abs=2)


async def test_the_last_one_stays_in_the_answers(draining):
    await draining.drains.drain(A)
    drained = await draining.drains.drain(B)
    assert (drained.last, drained.safe_at) == (True, None)


async def test_force_takes_the_last_one_out_too(draining):
    await draining.drains.drain(A)
    drained = await draining.drains.drain(B, force=True)
    assert drained.last
    assert drained.safe_at is not None
    assert (draining.endpoint("b").draining, draining.endpoint("b").ready) == (True, False)


async def test_one_that_is_not_answered_anyway_is_not_the_last(draining, make_endpoint):
    await draining.drains.drain(A)
    await draining.services.write(Put(replace(make_endpoint("b"), ready=False)))
    drained = await draining.drains.drain(B)
    assert not drained.last
    assert drained.safe_at is not None


async def test_a_replica_that_does_not_apply_it_leaves_it_open(draining, monkeypatch):
    monkeypatch.setattr(module, "DRAIN_SECONDS", 0.2)
    await draining.store.report("two", 1)
    drained = await draining.drains.drain(A)
    assert (drained.applied, drained.pending, drained.safe_at) == (("one",), ("two",), None)


@pytest.mark.parametrize("force", [False, True])
async def test_undrain_brings_it_back_as_it_was(draining, make_endpoint, force):
    await draining.drains.drain(A, force=force)
    assert (await draining.drains.undrain(A)).value == make_endpoint("a")
    assert (await draining.drains.undrain(A)).outcome == "unchanged"


async def test_draining_twice_is_as_safe_as_once(draining):
    await draining.drains.drain(A)
    again = await draining.drains.drain(A)
    assert (again.written.outcome, again.last) == ("unchanged", False)
    assert again.safe_at is not None


async def test_the_unknown(draining):
    with pytest.raises(NotFound):
        await draining.drains.drain(("default", "web", "never"))
