"""Draining takes an endpoint out of the answers and says who knows; undraining puts it back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

WEB = "/v1/namespaces/default/services/web/endpoints"
BODY = {"address": "192.0.2.10", "lease_seconds": 30}


@pytest.fixture
async def two(replica: Any) -> Any:
    """A replica with endpoints a and b of web."""
    for identifier in ("a", "b"):
        assert (await replica.call("PUT", f"{WEB}/{identifier}", BODY)).status == 201
    return replica


async def test_drain_and_undrain(two: Any) -> None:
    drained = await two.call("POST", f"{WEB}/a/drain")
    assert drained.status == 200
    shown = drained.document
    assert (shown["applied"], shown["pending"], shown["last"]) == (["replica-1"], [], False)
    assert (shown["durability"], shown["stored"]) == ("local", True)
    safe_at = datetime.fromisoformat(shown["safe_at"])
    assert timedelta(0) < safe_at - datetime.now(UTC) <= timedelta(seconds=6)
    assert shown["endpoint"]["draining"] is True
    assert shown["endpoint"]["lease"]["seconds"] == 30
    assert (await two.call("GET", f"{WEB}/a")).document["draining"] is True
    assert (await two.call("PUT", f"{WEB}/a", BODY)).document["draining"] is True

    undrained = await two.call("POST", f"{WEB}/a/undrain")
    assert (undrained.status, undrained.document["draining"]) == (200, False)
    assert undrained.headers["ETag"] == f'"{undrained.document["revision"]}"'


async def test_the_last_one_stays_unless_forced(two: Any) -> None:
    await two.call("POST", f"{WEB}/a/drain")
    last = (await two.call("POST", f"{WEB}/b/drain?force=false")).document
    assert (last["last"], last["safe_at"]) == (True, None)
    forced = (await two.call("POST", f"{WEB}/b/drain?force=true")).document
    assert forced["safe_at"] is not None


async def test_what_cannot_be_drained(two: Any) -> None:
    for verb in ("drain", "undrain"):
        (await two.call("POST", f"{WEB}/none/{verb}")).assert_problem(404, "not-found")
        (await two.call("POST", f"{WEB}/a%20b/{verb}")).assert_problem(422, "invalid-record")
        (await two.call("POST", f"{WEB}/a/{verb}", None, {"If-Match": "1"})).assert_problem(400, "bad-parameter")
        (await two.call("POST", f"{WEB}/a/{verb}?colour=red")).assert_problem(400, "bad-parameter")
    (await two.call("POST", f"{WEB}/a/drain?force=yes")).assert_problem(400, "bad-parameter")
    await two.call("DELETE", f"{WEB}/a")
    (await two.call("POST", f"{WEB}/a/drain")).assert_problem(410, "gone")
