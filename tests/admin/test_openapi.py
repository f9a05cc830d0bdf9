"""The description: valid, and true under a tool that tries everything it says and everything it does not say."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from dnsd.admin.calls import CALLS
from dnsd.admin.openapi import openapi_document
from dnsd.model.grant import EVERYTHING
from dnsd.model.token import Token, hash_of, token_text

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
    (await replica.call("GET", "/problems/none")).problem(404, "not-found")


async def _attack(replica: Any, examples: int, seconds: int, *more: str) -> None:
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


async def test_schemathesis_finds_nothing(replica: Any) -> None:
    await _attack(replica, 10, 12)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_schemathesis_finds_nothing_in_four_minutes(replica: Any) -> None:
    await _attack(replica, 200, 240)


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
        await _attack(replica, 50, 120, "--header", f"Authorization: Bearer {token_text(root.id, 'r' * 43)}")
