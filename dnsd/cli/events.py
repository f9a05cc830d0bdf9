"""Server-Sent Events out of a stream of octets (WHATWG HTML, section 9.2), with no input or output of its own."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

EVENT_CHARACTERS_MOST = 4_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its kind, its data, and the position behind it that ``Last-Event-ID`` resumes from."""

    kind: str
    data: str
    last_id: str


class EventReader:
    """Feed it octets as they come; it gives the events that they complete and keeps ``last_id``.

    Raises ValueError when an event does not end.
    """

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._id = last_id
        self._kind = ""
        self._data: list[str] = []

    def feed(self, octets: bytes) -> Iterator[Event]:
        """The events that end within these octets."""
        self._rest += self._decoder.decode(octets)
        *lines, self._rest = self._rest.split("\n")
        if len(self._rest) + sum(map(len, self._data)) > EVENT_CHARACTERS_MOST:
            raise ValueError("an event without end")
        for line in lines:
            event = self._line(line.removesuffix("\r"))
            if event is not None:
                yield event

    def _line(self, line: str) -> Event | None:
        """Take one line; an empty one ends an event. Comments and unknown fields are passed over."""
        if not line:
            return self._end()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id" and "\0" not in value:
            self._id = value
        elif name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        return None

    def _end(self) -> Event | None:
        self.last_id = self._id  # only now: an event that was cut off before its end must come again
        event = Event(self._kind or "message", "\n".join(self._data), self.last_id) if self._data else None
        self._kind, self._data = "", []
        return event
