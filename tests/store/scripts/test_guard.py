"""Self-preservation as the reaping script decides it: who is kept when heartbeats stop at once, and when it ends."""

import pytest

from dnsd.model.service import Endpoint
from dnsd.store.operations import delete, put


def _endpoint(number: int, service: str, lease_seconds: int = 15) -> Endpoint:
    return Endpoint("default", service, f"e{number}", ("192.0.2.1",), lease_seconds=lease_seconds)


class Registry:
    """Endpoints on a store whose ticks are turned by hand."""

    def __init__(self, store) -> None:
        self.store = store
        self.keys: list[tuple[str, str, str]] = []

    async def fill(self, services: int, each: int) -> None:
        for service in range(services):
            endpoints = [_endpoint(number, f"s{service}") for number in range(each)]
            await self.store.write([put(endpoint) for endpoint in endpoints], 0)
            self.keys += [endpoint.key for endpoint in endpoints]

    async def tick(self, times: int, living) -> None:
        """So many seconds; the living renew in three groups, every third second each."""
        seen = await self.store.tick()
        for _ in range(times):
            await self.store.renew([key for index, key in enumerate(living) if index % 3 == seen.tick % 3])
            seen = await self.store.tick(seen.tick, seen.history)
            assert seen.has_advanced
            await self.store.reap(seen.tick, seen.history, 0)

    async def left(self) -> list[tuple[str, str, str]]:
        return [key for key in self.keys if await self.store.endpoint(key) is not None]

    async def is_on(self) -> bool:
        return (await self.store.tick()).guard_since > 0


@pytest.fixture
async def registry(store):
    made = Registry(store)
    await made.fill(services=10, each=4)
    await made.tick(20, made.keys)
    assert not await made.is_on()
    return made


async def test_thirty_percent_stop(registry):
    living = [key for key in registry.keys if key[2] != "e0"][:28]
    await registry.tick(15, living)
    assert await registry.is_on(), "within one lease"
    await registry.tick(60, living)
    assert len(await registry.left()) >= 0.85 * 40
    assert (await registry.store.tick()).held > 0
    await registry.tick(20, registry.keys)
    assert not await registry.is_on(), "renewals are back for one lease"


async def test_all_stop_and_no_service_goes_empty(registry):
    await registry.tick(40, [])
    left = await registry.left()
    assert len({key[1] for key in left}) == 10
    assert len(left) >= 0.85 * 40


async def test_services_of_one_endpoint_stay_as_well(store):
    registry = Registry(store)
    await registry.fill(services=30, each=1)
    await registry.tick(20, registry.keys)
    await registry.tick(40, [])
    assert len(await registry.left()) == 30


async def test_what_left_on_purpose_is_not_missed(registry):
    await registry.store.write([delete(key) for key in registry.keys[:20]], 0)
    await registry.tick(20, registry.keys[20:])
    assert not await registry.is_on()


async def test_one_of_many_goes_on_time(registry):
    await registry.tick(18, registry.keys[1:])
    assert registry.keys[0] not in await registry.left()
    assert not await registry.is_on()


async def test_it_ends_slowly_a_last_endpoint_last(registry, server):
    await registry.tick(40, [])
    server.ask("HSET", registry.store.keys.guard, "since", "1")
    server.ask("HSET", registry.store.keys.meta, "tick", "2000")
    await registry.tick(60, [])
    left = await registry.left()
    assert 40 - 8 <= len(left) <= 40 - 4, "a hundredth, at least one, each ten ticks"
    assert len({key[1] for key in left}) == 10


async def test_a_service_that_loses_most_keeps_what_it_has(registry):
    living = [key for key in registry.keys if key[1] != "s0"] + [("default", "s0", "e3")]
    await registry.tick(30, living)
    assert len([key for key in await registry.left() if key[1] == "s0"]) >= 2
    assert not await registry.is_on()
