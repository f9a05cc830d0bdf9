"""What tests of the command line may ask for."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

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
        if isinstance(document, str):
            return web.Response(status=status, text=document, headers=headers)
        return web.json_response(document, status=status, headers=headers)


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
