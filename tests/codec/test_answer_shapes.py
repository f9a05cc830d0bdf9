"""What ``/v1/answer`` really sends is held against its shape in tests/admin/test_calls.py."""

import pytest
from pydantic import ValidationError

from dnsd.codec.answer_shapes import ReasonReply, RecordReply, TtlReply


def test_words_that_python_keeps_for_itself_have_their_own_names() -> None:
    record = {"name": "web.", "ttl": 5, "class": "IN", "type": "A", "data": "192.0.2.1"}
    assert RecordReply.model_validate(record).model_dump(by_alias=True) == record
    assert TtlReply.model_validate({"seconds": None, "from": "nothing"}).origin == "nothing"


def test_a_reason_is_of_one_endpoint_and_nothing_more() -> None:
    reason = {"namespace": "default", "service": "web", "id": "one", "addresses": [], "in": False}
    reason |= {"reason": "draining", "detail": "draining since 9 s ago"}
    assert not ReasonReply.model_validate(reason).is_in
    with pytest.raises(ValidationError):
        ReasonReply.model_validate(reason | {"more": 1})
