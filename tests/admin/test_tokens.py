"""Tokens through the API."""

from typing import Any

import pytest

BODY = {"name": "ci", "grants": [{"verbs": ["read"]}]}


async def test_made_shown_and_revoked(replica: Any) -> None:
    made = await replica.call("POST", "/v1/tokens", BODY)
    assert made.status == 201
    assert made.headers["Cache-Control"] == "no-store"
    shown = made.document
    text = shown.pop("token")
    assert text.startswith(f"dnsd_{shown['id']}_")
    listed = await replica.call("GET", "/v1/tokens")
    assert listed.document["items"] == [shown]
    assert text.rpartition("_")[2] not in listed.octets.decode()
    assert (await replica.call("DELETE", f"/v1/tokens/{shown['id']}")).document == shown
    (await replica.call("DELETE", f"/v1/tokens/{shown['id']}")).assert_problem(404, "not-found")
    assert (await replica.call("GET", "/v1/tokens")).document["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "/name"),
        (BODY | {"grants": []}, "/grants"),
        (BODY | {"grants": [{"verbs": ["write"]}]}, "/grants/0/verbs/0"),
        (BODY | {"grants": [{"verbs": ["admin"], "namespace": "a"}]}, "/grants/0/verbs"),
        (BODY | {"expires_seconds": 0}, "/expires_seconds"),
        (BODY | {"id": "mine"}, "/id"),
    ],
)
async def test_what_makes_no_token(replica: Any, body: object, field: str) -> None:
    assert (await replica.call("POST", "/v1/tokens", body)).assert_problem(422, "invalid-record")["field"] == field


async def test_both_are_written_down_without_the_secret(replica: Any) -> None:
    made = (await replica.call("POST", "/v1/tokens", BODY)).document
    await replica.call("DELETE", f"/v1/tokens/{made['id']}")
    told = await replica.call("GET", "/v1/audit")
    assert [each["what"] for each in told.document["items"]] == [
        f"revoked token {made['id']}",
        f"created token {made['id']}",
    ]
    assert made["token"].rpartition("_")[2] not in told.octets.decode()
