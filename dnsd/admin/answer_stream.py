"""The answer to one question, told anew whenever a change of the registry changes it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.codec.record_text import record_document
from dnsd.codec.wire import Answered, query_packet, rcode_to_text, read_message, type_to_text
from dnsd.model.errors import Gone
from dnsd.model.names import Name, name_to_text
from dnsd.registry.mirror import Mirror
from dnsd.registry.watch import Watch

_NOBODY = bytes(4)
_TERMS = Terms(is_tcp=True)
Told = tuple[int, tuple[Answered, ...], tuple[Answered, ...]]
"""Response code, answers and additional records, in stable order."""


class AnswerStream:
    """A question as a stream of its answers. The first one is told at once, so that there is nothing to resume."""

    def __init__(self, mirror: Mirror, qname: Name, rtype: int) -> None:
        self._mirror = mirror
        self._question = {"name": name_to_text(qname), "type": type_to_text(rtype)}
        self._packet = query_packet(0, qname, rtype, payload=None)
        self._watch: Watch = mirror.watch(None)
        self._reply = b""
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
        outcome = respond(self._packet, _NOBODY, 0, self._mirror.catalog.table, _TERMS)
        assert isinstance(outcome, tuple), "a question of our own making is answered"
        if outcome[0] == self._reply:
            return ""
        self._reply = outcome[0]
        message = read_message(self._reply)
        told = (message.rcode, _sorted(message.answer), _sorted(message.additional))
        if told == self._told:  # only the serial in a negative answer's SOA moved on
            return ""
        self._told = told
        mirror = self._mirror
        document = {
            "kind": "answer",
            **self._question,
            "status": rcode_to_text(message.rcode),
            "answer": [record_document(each) for each in told[1]],
            "additional": [record_document(each) for each in told[2]],
            "revision": mirror.revision,
        }
        data = json.dumps(document, separators=(",", ":"))
        return f"id: {mirror.epoch}-{mirror.revision}\nevent: answer\ndata: {data}\n\n"


def _sorted(records: tuple[Answered, ...]) -> tuple[Answered, ...]:
    return tuple(sorted(records, key=lambda record: (record.owner, record.rtype, record.rdata)))
