"""A whole replica without its DNS side: the admin API on a real socket, the registry behind it, a real store."""

import asyncio
import json
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from waiting import eventually

from dnsd.admin.access import Access
from dnsd.admin.columns import Parts
from dnsd.admin.routes import Admin
from dnsd.authority.catalog import Catalog
from dnsd.authority.table import Delta
from dnsd.model.names import name_from_text
from dnsd.registry.audit import Audit
from dnsd.registry.departures import Departures
from dnsd.registry.drains import Drains
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror
from dnsd.registry.refill import Refill
from dnsd.registry.replicas import Replicas
from dnsd.registry.services import Services
from dnsd.registry.tokens import Tokens
from dnsd.registry.ttls import Ttls
from dnsd.runtime.clock import SystemClock
from dnsd.runtime.tasks import Tasks
from dnsd.store.redis import Store
from tests.servers import Server

WEB = "/v1/namespaces/default/services/web"
WEB_1 = f"{WEB}/endpoints/web-1"
PLAIN = {"address": "192.0.2.10", "ports": {"http": 8080}, "lease_seconds": 30}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    octets: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.octets)

    def assert_problem(self, status: int, slug: str) -> Any:
        """The problem document, after a look at what all of them have in common."""
        assert (self.status, self.headers["Content-Type"]) == (status, "application/problem+json; charset=utf-8"), self
        shown = self.document
        assert (shown["status"], shown["type"]) == (status, f"/problems/{slug}"), shown
        assert shown["title"]
        assert shown["detail"]
        return shown


class Nobody:
    """An audience that has always applied everything."""

    def publish(self, delta: Delta) -> None:
        pass

    def reload(self) -> None:
        pass

    async def applied(self, revision: int, within_seconds: float) -> bool:
        return True


class Replica:
    """An admin API with all that stands behind it."""

    def __init__(self, store_url: str, **options: Any) -> None:
        clock = SystemClock()
        self.store = Store(store_url, f"dnsd-{uuid.uuid4().hex}")
        self.mirror = Mirror(self.store, Catalog([name_from_text("cluster.local")], [], []), Nobody(), clock)
        self.leases = Leases(self.store, self.mirror)
        self.services = Services(self.store, self.mirror, self.leases)
        self.replicas = Replicas(self.store, self.mirror, "replica-1", clock)
        self.drains = Drains(self.services, self.mirror, self.replicas, Ttls(self.mirror, clock), clock)
        self.departures = Departures(self.mirror, clock)
        self.refill = Refill(self.store, self.mirror, clock)
        self.tokens = Tokens(self.store, clock)
        self.access = Access(
            self.tokens,
            clock,
            required=options.pop("required", False),
            replica="replica-1",
            loopback_allowed=options.get("loopback_allowed", True),
            root=options.pop("root", None),
        )
        hosts = options.pop("hosts", ())
        self.parts = Parts(
            services=self.services,
            leases=self.leases,
            drains=self.drains,
            mirror=self.mirror,
            departures=self.departures,
            refill=self.refill,
            replicas=self.replicas,
            tokens=self.tokens,
            audit=Audit(self.store),
            access=self.access,
            replica="replica-1",
            **options,
        )
        self.admin = Admin(self.parts, hosts=hosts)
        self.tasks = Tasks("test")
        self.port = 0
        self.session: aiohttp.ClientSession | None = None

    async def start(self, loaded: bool = True) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        await self.admin.serve([listener])
        if self.session is not None:
            await self.session.close()
        self.session = aiohttp.ClientSession(f"http://127.0.0.1:{self.port}")
        if loaded:
            self.tasks.start("mirror", self.mirror.run())
            self.tasks.start("tokens", self.tokens.run())
            self.tasks.start("replicas", self.replicas.run())
            self.tasks.start("departures", self.departures.run())
            await eventually(lambda: self.mirror.status().loaded, "the mirror is loaded")

    async def stop(self) -> None:
        if self.session is not None:
            await self.session.close()
        await self.admin.stop()
        await self.tasks.stop()
        await self.store.close()

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        octets: bytes | BytesIO = b"",
    ) -> Answer:
        """One request; ``body`` goes as JSON, ``octets`` as they are."""
        assert self.session is not None
        given = dict(headers or {})
        payload: bytes | BytesIO | None = octets or None
        if body is not None:
            payload = BytesIO(json.dumps(body).encode())
            given = {"Content-Type": "application/json"} | given
        request = self.session.request(
            method,
            path,
            data=payload,
            headers=given,
            skip_auto_headers=["Content-Type"],
            timeout=aiohttp.ClientTimeout(20),
        )
        async with request as response:
            return Answer(response.status, response.headers, await response.read())

    async def raw(self, octets: bytes, seconds: float = 20.0) -> bytes:
        """What comes back for these octets until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(octets)
            await writer.drain()
            return await asyncio.wait_for(reader.read(), seconds)
        finally:
            writer.close()

    async def leave(self, path: str) -> None:
        """Ask for something long, and go away when it begins to come."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await reader.readexactly(1)
        writer.transport.abort()


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    return eventually


@pytest.fixture
def store_url(shared_servers: dict[str, Server]) -> str:
    """Where a real store is, which other tests use under other prefixes."""
    if "redis" not in shared_servers:
        shared_servers["redis"] = Server("redis", Path(tempfile.mkdtemp(prefix="dnsd-")))
    return shared_servers["redis"].url


@pytest.fixture
def own_server(make_server: Callable[..., Server]) -> Server:
    """A server that the test may kill."""
    return make_server("redis")


@asynccontextmanager
async def running(replica: Replica, loaded: bool) -> AsyncIterator[Replica]:
    try:
        await replica.start(loaded)
        yield replica
    finally:
        await replica.stop()


@pytest.fixture
def new_replica(store_url: str) -> Callable[..., Any]:
    """A replica with options of one's own on an empty store, as a context; ``loaded=False``: without a mirror."""
    return lambda loaded=True, **options: running(Replica(store_url, **options), loaded)


@pytest.fixture
def new_replica_at() -> Callable[..., Any]:
    """A replica on a store of one's own, as a context."""
    return lambda url, **options: running(Replica(url, **options), True)


@pytest.fixture
async def replica(new_replica: Callable[..., Any]) -> AsyncIterator[Replica]:
    """A replica on an empty store."""
    async with new_replica() as built:
        yield built
