"""What the tests of the registry share: replicas on a real store, each with its mirror running."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from dnsd.authority.catalog import Catalog
from dnsd.authority.table import Delta
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint
from dnsd.registry import mirror, refill, replicas, tokens
from dnsd.registry.disk import Disk
from dnsd.registry.drains import Drains
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.registry.refill import Refill
from dnsd.registry.replicas import Replicas
from dnsd.registry.services import Services
from dnsd.registry.ticker import Ticker
from dnsd.registry.ttls import Ttls
from dnsd.runtime.clock import SystemClock
from dnsd.runtime.tasks import Tasks
from dnsd.store.redis import Store


class Ear:
    """An audience that answers at once from what it was told, unless it is deaf."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.deltas: list[Delta] = []
        self.reloads = 0
        self.is_deaf = False

    def publish(self, delta: Delta) -> None:
        self.deltas.append(delta)

    def reload(self) -> None:
        self.reloads += 1

    async def applied(self, revision: int, within_seconds: float) -> bool:
        return not self.is_deaf and self.catalog.table.revision >= revision


class Replica:
    """One replica's registry, put together as app.py does."""

    def __init__(
        self,
        store: Store,
        name: str,
        settling_seconds: float = 30,
        directory: Path | None = None,
        is_store_own: bool = False,
    ) -> None:
        clock = SystemClock()
        self.store = store
        self.name = name
        self.tasks = Tasks(name)
        self.catalog = Catalog([name_from_text("cluster.local.")], [], ["127.0.0.1"])
        self.ear = Ear(self.catalog)
        self.disk = None if directory is None else Disk(directory, clock)
        self.mirror = Mirror(
            store, self.catalog, self.ear, clock, disk=self.disk, chance=lambda: 0.0, is_store_own=is_store_own
        )
        self.refill = Refill(store, self.mirror, clock)
        self.leases = Leases(store, self.mirror)
        self.services = Services(store, self.mirror, self.leases)
        self.replicas = Replicas(store, self.mirror, name, clock)
        self.ttls = Ttls(self.mirror, clock)
        self.drains = Drains(self.services, self.mirror, self.replicas, self.ttls, clock)
        self.ticker = Ticker(store, self.leases, self.mirror, clock, settling_seconds=settling_seconds)

    @property
    def inventory(self) -> object:
        return self.catalog.inventory

    def endpoint(self, name: str, service: str = "web") -> Endpoint | None:
        """What the mirror holds."""
        return self.catalog.inventory.endpoint(("default", service, name))


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than a replica does at what may have happened: for that alone no test waits."""
    monkeypatch.setattr(mirror, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(refill, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(replicas, "REPORT_SECONDS_MOST", 0.2)
    monkeypatch.setattr(replicas, "COMPARE_AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(tokens, "LOOK_SECONDS", 0.05)


MakeReplica = Callable[..., Awaitable[Replica]]


@pytest.fixture
async def make_replica(server, prefix, make_store, eventually) -> AsyncIterator[MakeReplica]:
    """Replicas on the test's store (or on ``url``), in step with it when they are handed out."""
    made: list[Replica] = []

    async def make(name: str = "one", *, url: str = "", is_waited_for: bool = True, **settings: object) -> Replica:
        store = make_store(url or server.url, prefix, write_seconds=1.0)
        made.append(Replica(store, name, **settings))
        if made[-1].disk is not None:
            made[-1].tasks.start("disk", made[-1].disk.run(made[-1].mirror.standing))
        made[-1].tasks.start("mirror", made[-1].mirror.run())
        if is_waited_for:
            await eventually(lambda: made[-1].mirror.status().connected)
        return made[-1]

    yield make
    for replica in made:
        failed = replica.tasks.failed.is_set()
        await replica.tasks.stop()
        if replica.disk is not None:
            replica.disk.close()
        assert not failed, "a task of the replica ended with a fault; see the log"


@pytest.fixture
async def replica(make_replica) -> Replica:
    """One replica on an empty store."""
    return await make_replica()


@pytest.fixture
def make_endpoint() -> Callable[..., Endpoint]:
    """Endpoints by id."""

    def make(name: str, service: str = "web", **fields: object) -> Endpoint:
        return Endpoint("default", service, name, ("192.0.2.1",), **fields)

    return make
