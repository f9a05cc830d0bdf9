"""What operators are really sent is held against these shapes in tests/admin/test_calls.py."""

import pytest
from pydantic import ValidationError

from dnsd.codec.operator_shapes import ReadyReply, TokenCreated, TokenReply

READY = {
    **dict.fromkeys(("ready", "loaded", "connected", "degraded", "leaving"), True),
    "revision": 7,
    "epoch": "e",
    "mirror_age_seconds": None,
    "problem": "",
    "replica": "one",
}


def test_readiness_may_tell_more() -> None:
    assert ReadyReply.model_validate(READY | {"digest": "x"}).revision == 7
    with pytest.raises(ValidationError):
        ReadyReply.model_validate({**READY, "ready": None})


def test_only_the_reply_to_a_creation_holds_the_token() -> None:
    assert set(TokenCreated.model_fields) - set(TokenReply.model_fields) == {"token"}
