"""The description: valid, and true under a tool that tries everything it says and everything it does not say."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from dnsd.admin.calls import CALLS
from dnsd.admin.openapi import openapi_document
from dnsd.model.grant import EVERYTHING
from dnsd.model.token import Token, hash_of, token_text
from dnsd.registry import drains

CONFIG = Path(__file__).with_name("schemathesis.toml")


async def test_valid_and_served(replica: Any) -> None:
    document = (await replica.call("GET", "/openapi.json")).document
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["components"]["schemas"]["EndpointShape"]["properties"]["weight"]["maximum"] == 65535


async def test_every_problem_has_a_page_and_others_have_none(replica: Any) -> None:
    page = (await replica.call("GET", "/problems/gone")).document
    assert page == {
        "type": "/problems/gone",
        "title": "Deleted",
        "status": 410,
        "meaning": page["meaning"],
    }
    (await replica.call("GET", "/problems/none")).assert_problem(404, "not-found")


_QUERY = st.dictionaries(
    st.sampled_from(["namespace", "service", "label", "name", "type", "other"]),
    st.text(max_size=12) | st.sampled_from(["web", "web.default.svc.cluster.local", "A", "SRV", "a=b", "!a", "AXFR"]),
    max_size=3,
)
_POSITION = st.none() | st.from_regex(r"[!-~]{0,12}-?[0-9]{0,20}", fullmatch=True)


async def test_the_watch_call_answers_whatever_it_is_asked_as_it_is_described(replica: Any) -> None:
    """Schemathesis leaves it out, because it waits for the end of a reply and a stream has none; so the same here."""
    described = (await replica.call("GET", "/openapi.json")).document["paths"]["/v1/watch"]["get"]["responses"]
    asked: list[tuple[dict[str, str], str | None]] = []

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(_QUERY, _POSITION)
    def collect(query: dict[str, str], position: str | None) -> None:
        asked.append((query, position))

    collect()
    epoch = replica.mirror.epoch
    asked += [
        ({}, f"{epoch}-{replica.mirror.revision}"),
        ({}, f"{epoch}-999999"),
        ({}, "other-1"),
        ({"type": "A"}, None),
    ]
    seen = set()
    for query, position in asked:
        headers = {} if position is None else {"Last-Event-ID": position}
        async with replica.session.get("/v1/watch", params=query, headers=headers) as response:
            seen.add(response.status)
            assert str(response.status) in described, (query, position)
            if response.status == 200:
                assert response.headers["Content-Type"] == "text/event-stream"
                assert (await response.content.readline()) == b": dnsd\n"
            else:
                assert response.headers["Content-Type"].startswith("application/problem+json")
                assert (await response.json(content_type=None))["status"] == response.status
    assert seen == {200, 400, 410}


async def assert_schemathesis_finds_nothing(replica: Any, examples: int, seconds: int, *more: str) -> None:
    words = [
        *("--config-file", str(CONFIG), "run"),
        *(f"http://127.0.0.1:{replica.port}/openapi.json", "--seed", "7", "--generation-database", "none"),
        *("--max-examples", str(examples), "--exclude-path", "/v1/watch", "--phases", "examples,coverage,fuzzing"),
        *("--no-color", "--warnings", "off", "--max-time", str(seconds), *more),
    ]
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    print(output[-2000:])
    assert process.returncode == 0, output


@pytest.fixture
def quick_drains(monkeypatch: pytest.MonkeyPatch) -> None:
    """No replica reports here what it applied: that would take most of the time that schemathesis has."""
    monkeypatch.setattr(drains, "DRAIN_SECONDS", 0.05)


@pytest.mark.usefixtures("quick_drains")
async def test_schemathesis_finds_nothing(replica: Any) -> None:
    await assert_schemathesis_finds_nothing(replica, 10, 7)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_schemathesis_finds_nothing_in_four_minutes(replica: Any) -> None:
    await assert_schemathesis_finds_nothing(replica, 200, 240)


def test_who_may_call_is_told(replica: Any) -> None:
    for required in (False, True):
        document = openapi_document(required)
        validate(document)
        assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
        for call in CALLS:
            operation = document["paths"][call.path][call.method]
            is_asked = required and call.needs is not None
            assert operation["security"] == ([{"token": []}, {"certificate": []}] if is_asked else [])
            assert ("401" in operation["responses"]) == is_asked
            assert "403" in operation["responses"]


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_schemathesis_finds_nothing_where_tokens_are_needed(new_replica: Any) -> None:
    root = Token("0" * 16, "root", EVERYTHING, 0, secret_hash=hash_of("r" * 43))
    async with new_replica(required=True, root=root) as replica:
        await assert_schemathesis_finds_nothing(
            replica, 50, 120, "--header", f"Authorization: Bearer {token_text(root.id, 'r' * 43)}"
        )
