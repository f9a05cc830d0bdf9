"""The description: valid, and true under a tool that tries everything it says and everything it does not say."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

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


async def _attack(replica: Any, examples: int, seconds: int) -> None:
    words = [
        *("--config-file", str(CONFIG), "run"),
        *(f"http://127.0.0.1:{replica.port}/openapi.json", "--seed", "7", "--generation-database", "none"),
        *("--max-examples", str(examples), "--exclude-path", "/v1/watch", "--phases", "examples,coverage,fuzzing"),
        *("--no-color", "--warnings", "off", "--max-time", str(seconds)),
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
