"""A record as the API and the command line show it."""

from dnsd.codec.record_text import record_document
from dnsd.codec.wire import Answered
from dnsd.model.names import name_from_text


def test_names_and_data_in_master_file_text() -> None:
    record = Answered(name_from_text("web.example"), 1, 1, 5, b"\xc0\x00\x02\x01")
    assert record_document(record) == {
        "name": "web.example.",
        "ttl": 5,
        "class": "IN",
        "type": "A",
        "data": "192.0.2.1",
    }
