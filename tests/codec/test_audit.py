"""Who asked, there and back, and garbage that does no harm."""

import pytest

from dnsd.codec.audit import Author, author_to_text, entry_document

AUTHOR = Author("token ci (0123)", "192.0.2.1", "one", 1000.12345)


def test_there_and_back() -> None:
    fields = {"by": author_to_text(AUTHOR), "what": "created service a/b", "revision": "7"}
    assert entry_document("5-0", fields) == {
        "id": "5-0",
        "at": 1000.123,
        "who": "token ci (0123)",
        "from": "192.0.2.1",
        "replica": "one",
        "what": "created service a/b",
        "revision": 7,
    }


def test_long_texts_are_cut() -> None:
    assert len(author_to_text(Author("w" * 10_000, "a", "r", 0))) < 400


@pytest.mark.parametrize("by", ["", "{", "[]", '{"at":"x","who":7}'])
def test_garbage(by: str) -> None:
    entry = entry_document("5-0", {"by": by, "revision": "x"})
    assert (entry["at"], entry["revision"], entry["what"]) == (None, None, "")
