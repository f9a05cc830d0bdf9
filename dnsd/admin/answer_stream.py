"""The answer to one question, told anew whenever a change of the registry changes it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

from dnsd.admin.answers import status_of
from dnsd.answer.policy import Asked, OwnReply, Policy, Stub
from dnsd.codec.record_text import record_document
from dnsd.codec.wire import Answered, type_to_text
from dnsd.model.errors import Gone
from dnsd.model.names import name_to_text
from dnsd.registry.mirror import Mirror
from dnsd.registry.watch import Watch

Told = tuple[str, tuple[Answered, ...], tuple[Answered, ...]]
"""Status, answers and additional records, in stable order."""


class AnswerStream:
    """A question as a stream of its answers. The first one is told at once, so that there is nothing to resume."""

    def __init__(self, mirror: Mirror, asked: Asked, policy: Policy) -> None:
        self._mirror = mirror
        self._stub = Stub(asked, policy, is_tcp=True)
        self._question = {"name": name_to_text(asked.qname), "type": type_to_text(asked.rtype)}
        self._watch: Watch = mirror.watch(None)
        self._own: OwnReply | None = None
        self._told: Told | None = None

    def close(self) -> None:
        """Stop watching."""
        self._watch.close()

    async def texts(self, heartbeat_seconds: float) -> AsyncGenerator[str, None]:
        """Pieces of the stream, at least one in so many seconds."""
        yield ": dnsd\n\n" + self._news()
        while True:
            try:
                async with asyncio.timeout(heartbeat_seconds):
                    await anext(self._watch)
            except TimeoutError:
                yield ": heartbeat\n\n" + self._news()  # a last-known answer ends with no change of the registry
            except Gone:
                self._watch.close()
                self._watch = self._mirror.watch(None)
                if text := self._news():
                    yield text
            else:
                if text := self._news():
                    yield text

    def _news(self) -> str:
        """An event when the answer differs from the one told last."""
        now = self._stub.ask(self._mirror.catalog.table, chance=0)
        if now == self._own:
            return ""
        self._own, message = now, now.message()
        told = status_of(message, now.elsewhere), _sorted(message.answer), _sorted(message.additional)
        if told == self._told:  # only the serial in a negative answer's SOA moved on
            return ""
        self._told = told
        mirror = self._mirror
        document = {
            "kind": "answer",
            **self._question,
            "status": told[0],
            "answer": [record_document(each) for each in told[1]],
            "additional": [record_document(each) for each in told[2]],
            "revision": mirror.revision,
        }
        data = json.dumps(document, separators=(",", ":"))
        return f"id: {mirror.epoch}-{mirror.revision}\nevent: answer\ndata: {data}\n\n"


def _sorted(records: tuple[Answered, ...]) -> tuple[Answered, ...]:
    return tuple(sorted(records, key=lambda record: (record.owner, record.rtype, record.rdata)))
