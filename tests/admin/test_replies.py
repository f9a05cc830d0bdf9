"""What a write did, as its reply says it."""

import json
from dataclasses import replace

import pytest

from dnsd.admin import replies
from dnsd.model.service import Endpoint, Port, Service
from dnsd.registry.services import Written

ENDPOINT = Endpoint("default", "web", "a", ("192.0.2.1",), lease_seconds=10, revision=12)


def body(response: object) -> dict[str, object]:
    shown: dict[str, object] = json.loads(response.text)  # type: ignore[attr-defined]
    return shown


def test_created_is_201_and_all_else_200() -> None:
    for outcome, status in (("created", 201), ("changed", 200), ("renewed", 200), ("unchanged", 200)):
        response = replies.reply_written(Written(outcome, ENDPOINT, 12, "local", True, 9))
        assert (response.status, response.headers["ETag"]) == (status, '"12"')
        assert body(response)["lease"] == {"seconds": 10, "renew_every_seconds": 3.333, "remaining_seconds": 9}


def test_a_reply_says_how_safe_and_how_visible() -> None:
    shown = body(replies.reply_written(Written("created", ENDPOINT, 12, "replicated", False, 9)))
    assert (shown["durability"], shown["visible"], shown["stored"]) == ("replicated", False, True)
    shown = body(replies.reply_written(Written("renewed", ENDPOINT, 12, "local", True, 9, stored=False)))
    assert (shown["durability"], shown["stored"]) == (None, False)


def test_services_and_what_is_gone_have_no_lease() -> None:
    assert "lease" not in body(replies.reply_written(Written("created", Service("a", "b"), 1, "local", True)))
    assert "lease" not in body(replies.reply_deleted(Written("deleted", ENDPOINT, 13, "local", True)))


def test_leases_that_are_not_known_are_null() -> None:
    (shown,) = replies.endpoint_documents([ENDPOINT], {})
    assert shown["lease"] == {"seconds": 10, "renew_every_seconds": 3.333, "remaining_seconds": None}


@pytest.mark.parametrize(
    "value",
    [
        replace(ENDPOINT, id="a:b.C_d", addresses=("192.0.2.1", "2001:db8::1"), hostname="first"),
        replace(ENDPOINT, ports=(Port("http", "TCP", 80), Port("", "UDP", 53)), weight=7, priority=3, ready=False),
        replace(ENDPOINT, lease_seconds=None, draining=True),
        replace(ENDPOINT, failing="timeout", metadata={"zone": 'a "quoted" one'}),
        Service("default", "web", labels={"a": "b"}, revision=12),
    ],
)
def test_the_text_of_a_result_is_its_document(value: Service | Endpoint) -> None:
    for outcome in ("created", "renewed", "deleted"):
        remaining = value.lease_seconds if isinstance(value, Endpoint) else None
        written = Written(outcome, value, 12, "local", True, remaining)
        assert json.loads(replies.written_text(written)) == replies.written_document(written)
