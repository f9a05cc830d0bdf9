"""Server-Sent Events, as the standard has them."""

import pytest

from dnsd.cli import events
from dnsd.cli.events import Event, EventReader


def read(*chunks: bytes) -> list[Event]:
    reader = EventReader()
    return [event for chunk in chunks for event in reader.feed(chunk)]


def test_an_event_has_kind_data_and_position():
    assert read(b"id: e-7\nevent: put\ndata: {}\n\n") == [Event("put", "{}", "e-7")]


def test_events_survive_any_cut_between_octets():
    text = "id: e-7\nevent: put\ndata: wäb\ndata: two\n\n: comment\n\nid: e-8\r\ndata:x\r\n\r\n".encode()
    whole = [Event("put", "wäb\ntwo", "e-7"), Event("message", "x", "e-8")]
    assert read(text) == whole
    assert read(*(text[at : at + 1] for at in range(len(text)))) == whole


def test_an_id_alone_moves_the_position_without_an_event():
    reader = EventReader("e-1")
    assert list(reader.feed(b": hello\nid: e-9\n\n")) == []
    assert reader.last_id == "e-9"


def test_an_event_that_was_cut_off_must_come_again():
    reader = EventReader("e-1")
    assert list(reader.feed(b"id: e-2\nevent: put\ndata: {}\n")) == []
    assert reader.last_id == "e-1"
    assert [event.last_id for event in reader.feed(b"\n")] == ["e-2"]


def test_an_event_without_id_keeps_the_position():
    assert read(b"id: e-1\ndata: a\n\ndata: b\n\n") == [Event("message", "a", "e-1"), Event("message", "b", "e-1")]


def test_an_event_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(events, "EVENT_CHARACTERS_MOST", 100)
    with pytest.raises(ValueError, match="without end"):
        read(b"data: " + b"x" * 100)
    with pytest.raises(ValueError, match="without end"):
        read(*[b"data: xxxxxxxxxx\n"] * 20)
