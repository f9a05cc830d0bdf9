"""What the tests of the store share."""

from collections.abc import Awaitable, Callable

import pytest

from dnsd.model.service import Endpoint
from dnsd.store.operations import Accepted, Refused, StoreOperation
from dnsd.store.redis import Store


@pytest.fixture
def web_1() -> Endpoint:
    """An endpoint with a lease of 15 s."""
    return Endpoint("default", "web", "web-1", ("192.0.2.1",))


@pytest.fixture
def make_endpoint() -> Callable[..., Endpoint]:
    """Endpoints by id."""

    def make(name: str, service: str = "web", **fields: object) -> Endpoint:
        return Endpoint("default", service, name, ("192.0.2.1",), **fields)

    return make


@pytest.fixture
def write(store: Store) -> Callable[..., Awaitable[Accepted | Refused]]:
    """Write operations as one change, with a floor."""

    async def write(*operations: StoreOperation, floor: int = 0) -> Accepted | Refused:
        return await store.write(operations, floor)

    return write


@pytest.fixture
def advance(store: Store) -> Callable[[int], Awaitable[int]]:
    """Let the registry's clock make so many ticks; returns the tick then."""

    async def advance(ticks: int) -> int:
        seen = await store.tick()
        for _ in range(ticks):
            seen = await store.tick(seen.tick, seen.history)
            assert seen.has_advanced
        return seen.tick

    return advance


@pytest.fixture
def reap(store: Store) -> Callable[[], Awaitable[int]]:
    """Reap everything that is due now; returns how many endpoints that were."""

    async def reap() -> int:
        seen = await store.tick()
        removed = 0
        while True:
            reaped = await store.reap(seen.tick, seen.history, 0)
            removed += reaped.removed
            if not reaped.has_more:
                return removed

    return reap


@pytest.fixture
def entries(store: Store) -> Callable[[], Awaitable[list[tuple[int, list[str]]]]]:
    """Revision and field names of every stream entry, removals with their cause."""

    async def read() -> list[tuple[int, list[str]]]:
        reader = store.reader()
        try:
            found = await reader.changes(0)
        finally:
            await reader.close()
        return [(revision, _told(fields)) for revision, fields in found]

    return read


def _told(fields: list[str]) -> list[str]:
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return [field if field.startswith("+") else f"{field} {value}" for field, value in pairs]
