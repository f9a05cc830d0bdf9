"""What tests of the command line may ask for."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from ports import free_port
from waiting import until

from dnsd.cli import main as cli

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


class ScriptedServer:
    """A server that answers as a test tells it, for what no real one does on demand: faults, silence, odd answers.

    ``answers`` are given in turn, the last one for ever; None is silence. ``calls``: method, path with query, body.
    """

    def __init__(self) -> None:
        self.answers: list[Answer | None] = [(200, {})]
        self.calls: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self._came = asyncio.Condition()

    async def start(self) -> None:
        application = web.Application()
        application.router.add_route("*", "/{rest:.*}", self._take)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def came(self, count: int) -> None:
        """Come back when ``count`` calls have come in all."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.calls) >= count)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        async with self._came:
            self.calls.append((request.method, request.path_qs, json.loads(text) if text else None))
            self.headers.append(dict(request.headers))
            self._came.notify_all()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            await asyncio.sleep(60)
            raise AssertionError("the client waits too long")
        status, document, *more = answer
        headers = more[0] if more else {}
        if "X-Break" in headers:
            return await self._break_off(request, document)
        if isinstance(document, str):
            return web.Response(status=status, text=document, headers=headers)
        return web.json_response(document, status=status, headers=headers)

    async def _break_off(self, request: web.Request, text: str) -> web.StreamResponse:
        """Send ``text`` as the beginning of a reply that then breaks off: for answers with a header ``X-Break``."""
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(text.encode())
        assert request.transport is not None
        request.transport.close()
        return response


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[[], Awaitable[ScriptedServer]]]:
    """``server = await scripted()``: a started one, stopped with the test."""
    servers: list[ScriptedServer] = []

    async def start() -> ScriptedServer:
        servers.append(ScriptedServer())
        await servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        await server.stop()


@pytest.fixture(scope="session")
def server_dns() -> str:
    """Where the session's server answers DNS."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory, server_dns: str) -> Iterator[str]:
    """A real ``dnsd serve`` for the whole session: whoever uses it keeps to a namespace of his own."""
    folder = tmp_path_factory.mktemp("served")
    admin = f"127.0.0.1:{free_port()}"
    words = [
        "serve",
        "--workers",
        "0",
        "--dns",
        server_dns,
        "--admin",
        admin,
        "--state-dir",
        str(folder),
        "--quota-services",
        "0",
    ]
    with (folder / "log").open("w") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "dnsd", *words], stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert started.stdout is not None
    try:
        assert started.stdout.readline().startswith("dnsd ready"), (folder / "log").read_text()
        yield f"http://{admin}"
    finally:
        started.kill()
        started.wait(10)
        started.stdout.close()


@dataclass
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The words of each line below the titles."""
        return [line.split() for line in self.out.splitlines()[1:]]


class Console:
    """Runs commands against the real server, in a namespace of the test's own."""

    def __init__(self, server_url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.server_url = server_url
        self.namespace = f"test-{uuid.uuid4().hex[:12]}"
        self._capsys = capsys
        self._started: list[subprocess.Popen[str]] = []

    def call(self, *words: str) -> Outcome:
        """One command in this process, as it is called."""
        try:
            status = cli.main(words)
        except SystemExit as end:
            status = int(end.code or 0)
        shown = self._capsys.readouterr()
        return Outcome(status, shown.out, shown.err)

    def of(self, command: str, *words: str) -> Outcome:
        """One command, with the test's namespace."""
        return self.call(command, "--namespace", self.namespace, *words)

    def get(self, path: str) -> Any:
        """What the API itself says."""
        with urllib.request.urlopen(f"{self.server_url}{path}", timeout=5) as response:
            return json.load(response)

    def put(self, path: str, body: object) -> None:
        """Put something, past the command line."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.server_url}{path}", json.dumps(body).encode(), headers, method="PUT")
        urllib.request.urlopen(request, timeout=5).close()

    def endpoints(self) -> dict[str, Any]:
        """The endpoints of the test's namespace, by id."""
        return {item["id"]: item for item in self.get(f"/v1/endpoints?namespace={self.namespace}")["items"]}

    def watchers(self) -> int:
        """How many streams of changes the server has open."""
        with urllib.request.urlopen(f"{self.server_url}/metrics", timeout=5) as response:
            lines = response.read().decode().splitlines()
        return int(float(next(line.split()[-1] for line in lines if line.startswith("dnsd_admin_watchers"))))

    def start(self, *words: str, folder: Path) -> subprocess.Popen[str]:
        """A command in a process and a group of its own, ended with the test; its stderr goes to ``folder/err``."""
        command = [sys.executable, "-m", "dnsd", *words]
        with (folder / "err").open("a") as err:
            started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True, start_new_session=True)
        self._started.append(started)
        return started

    def close(self) -> None:
        """End every process that was started here, with its children."""
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def console(server_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    monkeypatch.setenv("DNSD_SERVER", server_url)
    monkeypatch.delenv("DNSD_TOKEN", raising=False)
    made = Console(server_url, capsys)
    yield made
    made.close()


@pytest.fixture
def wait_until() -> Callable[..., float]:
    return until
