"""Real servers to be checked, and what they were asked; real replicas on one real store that check them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from registry.conftest import Replica
from servers import Server

from dnsd.runtime.listeners import end_listeners


class Patient:
    """A TCP server on a port of its own; ``reply`` is what it sends to a request (b"": it hangs up), None: never."""

    def __init__(self) -> None:
        self.reply: bytes | None = b"HTTP/1.1 204 No Content\r\n\r\n"
        self.requests: list[bytes] = []
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def start(self) -> None:
        """Accept, on the port it had."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections, and end those that are open."""
        if self._server is not None:
            await end_listeners([self._server])
            for each in list(self._open):
                each.close()
            await self._server.wait_closed()
            self._server = None

    @property
    def askers(self) -> list[str]:
        """The replica of each request."""
        lines = [line for request in self.requests for line in request.split(b"\r\n")]
        return [line.partition(b"dnsd-health/")[2].decode() for line in lines if line.startswith(b"User-Agent:")]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if self.reply is None:
                await reader.read()
            else:
                writer.write(self.reply)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()


@pytest.fixture
async def make_patient() -> AsyncIterator[Callable[[], Awaitable[Patient]]]:
    """Servers of a test's own."""
    made: list[Patient] = []

    async def make() -> Patient:
        made.append(Patient())
        await made[-1].start()
        return made[-1]

    yield make
    for patient in made:
        await patient.stop()


@pytest.fixture
async def patient(make_patient: Callable[[], Awaitable[Patient]]) -> Patient:
    """One of them."""
    return await make_patient()


@pytest.fixture
async def make_replica(
    health_server, prefix, make_store, eventually
) -> AsyncIterator[Callable[..., Awaitable[Replica]]]:
    """Replicas on one store, in step with it. On one kind of server: what stands in it is compared in tests/store."""
    made: list[Replica] = []

    async def make(name: str = "one", **settings: object) -> Replica:
        made.append(Replica(make_store(health_server.url, prefix), name, **settings))
        made[-1].tasks.start("mirror", made[-1].mirror.run())
        await eventually(lambda: made[-1].mirror.status().connected)
        return made[-1]

    yield make
    for replica in made:
        await replica.tasks.stop()


@pytest.fixture
def health_server(make_server) -> Server:
    """A server of the test's own."""
    return make_server("valkey")


@pytest.fixture
async def replica(make_replica) -> Replica:
    """One replica on an empty store."""
    return await make_replica()
