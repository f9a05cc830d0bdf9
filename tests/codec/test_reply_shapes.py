"""Reply shapes describe exactly what is sent; every real reply is held against them in tests/admin/test_calls.py."""

import pytest
from pydantic import ValidationError

from dnsd.codec.document import document_of
from dnsd.codec.reply_shapes import EndpointReply, ProblemReply, ServiceReply
from dnsd.model.service import Endpoint, Port, Service


def test_objects_as_shown() -> None:
    endpoint = document_of(Endpoint("default", "web", "one", ("192.0.2.1",), (Port("http", "TCP", 80),)))
    assert EndpointReply.model_validate(endpoint).model_dump(exclude_unset=True) == endpoint
    service = document_of(Service("default", "web"))
    assert ServiceReply.model_validate(service).model_dump() == service
    with pytest.raises(ValidationError):
        ServiceReply.model_validate(service | {"more": 1})


def test_what_may_be_absent_has_no_default() -> None:
    schema = ProblemReply.model_json_schema()
    assert "default" not in schema["properties"]["reason"]
    assert "reason" not in schema["required"]
