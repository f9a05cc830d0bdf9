"""One call of the API for a command, its body from a file where it takes one, and what came of it on the screen."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from dnsd.cli.client import Client, Query
from dnsd.cli.failures import WrongCall
from dnsd.cli.options import connection_of
from dnsd.cli.output import full_name, print_document, print_table
from dnsd.cli.stdin import STANDARD_INPUT, standard_input

MANY_SECONDS = 20.0
"""For a write of up to a thousand objects, which takes its time; with anything else the next server is asked sooner."""


def call(
    arguments: argparse.Namespace,
    method: str,
    path: str,
    body: object = None,
    query: Query = (),
    seconds: float | None = None,
    takes: Collection[int] = (),
) -> Any:
    """The JSON of the reply; ``seconds`` and ``takes`` as in ``Client.call``. Raises Refused and Unreachable."""

    async def ask() -> Any:
        async with Client(connection_of(arguments)) as client:
            return (await client.call(method, path, body=body, query=query, seconds=seconds, takes=takes)).document

    return asyncio.run(ask())


def add_file_flag(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` where the body is."""
    parser.add_argument("-f", "--filename", required=True, metavar="FILE|-", help="JSON or YAML; - is stdin")


def body_of(arguments: argparse.Namespace) -> object:
    """The file's content. Raises WrongCall, also for YAML that JSON cannot say, such as a date."""
    try:
        is_stdin = arguments.filename == STANDARD_INPUT
        octets = standard_input() if is_stdin else Path(arguments.filename).read_bytes()
        body: object = yaml.safe_load(octets.decode("utf-8"))
        json.dumps(body)
    except OSError as fault:
        raise WrongCall(f"{arguments.filename}: {fault.strerror}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as fault:
        raise WrongCall(f"{arguments.filename} is neither JSON nor YAML: {' '.join(str(fault).split())}") from None
    if body is None:
        raise WrongCall(f"{arguments.filename} holds nothing")
    return body


def print_outcomes(document: Mapping[str, Any], output: str) -> None:
    """What became of one object, or of all of a batch."""
    if output != "table":
        print_document(document, output)
        return
    results = document.get("results", [document])
    rows = [(each["outcome"], each["kind"], full_name(each), each["revision"]) for each in results]
    print_table(("OUTCOME", "KIND", "NAME", "REVISION"), rows)


def pairs_of(given: list[str], flag: str) -> dict[str, str]:
    """``NAME=VALUE`` of a repeatable flag. Raises WrongCall."""
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise WrongCall(f"{flag} {text}: write NAME=VALUE")
        pairs[name] = value
    return pairs
