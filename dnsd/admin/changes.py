"""Changes as they happen, as Server-Sent Events (WHATWG HTML, section 9.2).

A change of several objects is several events, and only the last of them carries the id: who was cut off in the middle
gets the whole change again. A lone ``id:`` line moves the reader's position on without an event.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from aiohttp import hdrs, web

from dnsd.admin import queries
from dnsd.admin.access import Access
from dnsd.admin.answer_stream import AnswerStream
from dnsd.admin.answers import client_of, question_of
from dnsd.admin.failures import SERVER_NAME, BadParameter, Crowded
from dnsd.admin.inventory import loaded_inventory
from dnsd.admin.wanted import Filter
from dnsd.answer.access import EVERYBODY
from dnsd.answer.policy import Asked, Policy
from dnsd.codec.document import folded
from dnsd.model.change import Change
from dnsd.model.errors import Gone
from dnsd.model.message import UDP_PAYLOAD_LEAST
from dnsd.registry.mirror import Mirror
from dnsd.registry.watch import Watch

PATH = "/v1/watch"
WATCHERS_MOST = 2000
HEARTBEAT_SECONDS = 15.0
WRITE_SECONDS_MOST = 15.0


_HEADERS = {
    hdrs.CONTENT_TYPE: "text/event-stream",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Content-Type-Options": "nosniff",
    hdrs.SERVER: SERVER_NAME,
}


class ChangeCalls:
    """``/v1/watch``."""

    def __init__(
        self,
        mirror: Mirror,
        access: Access,
        policy: Policy,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._access = access
        # Whoever may call may watch: answer_to is about addresses that ask in DNS.
        self._policy = replace(policy, access=EVERYBODY)
        self._mirror = mirror
        self._heartbeat_seconds = heartbeat_seconds
        self._streams: set[asyncio.Task[object]] = set()
        self._ending = False

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get(PATH, self.watch, allow_head=False)]

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    async def end(self, _: web.Application) -> None:
        """End all streams: an open one would hold the server's shutdown for twice its time limit."""
        self._ending = True
        for stream in self._streams:
            stream.cancel()

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """Events from now on, or from behind ``Last-Event-ID``; 410 when those are no longer known.

        With ``name`` (and ``type``): an event with the answer to that question, at once and whenever it changes.
        """
        queries.check_parameters(request, "namespace", "service", "name", "type", repeatable="label")
        after = _last_event(request)
        loaded_inventory(self._mirror)
        if len(self._streams) >= WATCHERS_MOST:
            raise Crowded(f"{WATCHERS_MOST} watchers are served at once")
        stream = self._stream(request, after)
        try:
            return await self._send(request, stream)
        finally:
            stream.close()

    def _stream(self, request: web.Request, after: tuple[str, int] | None) -> Stream | AnswerStream:
        namespace, service = (_folded_parameter(request, name) for name in ("namespace", "service"))
        labels = queries.labels(request)
        if "name" not in request.query:
            if "type" in request.query:
                raise BadParameter("type goes with name")
            return Stream(self._mirror, after, Filter(namespace, service, self._access.may_read(request), labels))
        if namespace is not None or service is not None or labels:
            raise BadParameter("name is watched alone, without namespace, service and label")
        asked = Asked(*question_of(request), client_of(request), UDP_PAYLOAD_LEAST)
        return AnswerStream(self._mirror, asked, self._policy)

    async def _send(self, request: web.Request, stream: Stream | AnswerStream) -> web.StreamResponse:
        """Send the stream until the reader has gone, or reads nothing, or the server ends."""
        response = web.StreamResponse(headers=_HEADERS)
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            await response.prepare(request)
            async with aclosing(stream.texts(self._heartbeat_seconds)) as texts:
                async for text in texts:
                    async with asyncio.timeout(WRITE_SECONDS_MOST):
                        await response.write(text.encode())
        except ConnectionError:
            pass
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except asyncio.CancelledError:
            if not self._ending:
                raise
            task.uncancel()
        finally:
            self._streams.discard(task)
        return response


class Stream:
    """A watch as text. Raises Gone at once when what lies behind ``after`` is no longer known."""

    def __init__(self, mirror: Mirror, after: tuple[str, int] | None, wanted: Filter) -> None:
        self._mirror = mirror
        self._wanted = wanted
        self._watch: Watch = mirror.watch(after)
        self._untold = "" if after else self._position()

    def close(self) -> None:
        """Stop watching."""
        self._watch.close()

    async def texts(self, heartbeat_seconds: float) -> AsyncGenerator[str, None]:
        """Pieces of the stream, at least one in so many seconds."""
        yield ": dnsd\n\n" + self._told()
        while True:
            try:
                async with asyncio.timeout(heartbeat_seconds):
                    epoch, change = await anext(self._watch)
            except TimeoutError:
                yield ": heartbeat\n\n" + self._told()
            except Gone as gone:
                yield self._start_anew(str(gone))
            else:
                self._untold = f"{epoch}-{change.revision}"
                if text := self._text(change):
                    yield text

    def _start_anew(self, detail: str) -> str:
        """The reader lost changes: it must list again; what comes behind the reset is whole."""
        self._watch.close()
        self._watch = self._mirror.watch(None)
        self._untold = self._position()
        return _event("reset", {"kind": "reset", "detail": detail}) + self._told()

    def _text(self, change: Change) -> str:
        """The events of a change that are wanted, the last of them with the id."""
        texts = [_event(*each) for each in self._wanted.events(change, self._mirror.catalog.inventory)]
        if not texts:
            return ""
        texts[-1] = f"id: {self._untold}\n{texts[-1]}"
        self._untold = ""
        return "".join(texts)

    def _told(self) -> str:
        """A lone id, when the reader does not know yet how far it is."""
        position, self._untold = self._untold, ""
        return f"id: {position}\n\n" if position else ""

    def _position(self) -> str:
        return f"{self._mirror.epoch}-{self._mirror.revision}"


def _event(name: str, document: object) -> str:
    return f"event: {name}\ndata: {json.dumps(document, separators=(',', ':'))}\n\n"


def _folded_parameter(request: web.Request, name: str) -> str | None:
    text = request.query.get(name)
    return None if text is None else folded(text)


def _last_event(request: web.Request) -> tuple[str, int] | None:
    """``Last-Event-ID`` as (epoch, revision). Raises BadParameter."""
    text = request.headers.get("Last-Event-ID", "")
    if not text:
        return None
    epoch, _, revision = text.rpartition("-")
    if not epoch or not (revision.isascii() and revision.isdigit() and len(revision) <= 18):
        raise BadParameter("Last-Event-ID is EPOCH-REVISION, as an event of this stream gave it")
    return epoch, int(revision)
