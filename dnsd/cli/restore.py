"""``dnsd restore``: what a backup holds, put back where it is missing."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dnsd.cli.client import Client
from dnsd.cli.failures import CommandFailed
from dnsd.cli.options import Connection, add_connection_flags, connection_of
from dnsd.cli.output import add_output_flag, print_document, print_table

HELP = "put back what a backup holds and the registry lacks"

EPILOG = """\
examples:

  dnsd restore --file registry.jsonl --dry-run
  dnsd restore --file registry.jsonl
  dnsd restore --file registry.jsonl --replace     (also over what stands and differs)

Leased endpoints come back with a whole lease and go again when nobody renews them. Nothing is removed.
"""

_PART = 500
_SECONDS = 30.0
_COUNTED = ("created", "changed", "unchanged")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--file", required=True, metavar="FILE", help="what `dnsd backup` wrote")
    parser.add_argument("--replace", action="store_true", help="replace what stands and differs")
    parser.add_argument("--dry-run", action="store_true", help="only count")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Restore; 0 when all of it is there."""
    parts = list(_parts(_objects(arguments.file)))
    counts = asyncio.run(_send(connection_of(arguments), parts, arguments))
    if arguments.output != "table":
        print_document({"dry_run": arguments.dry_run, **counts}, arguments.output)
    else:
        print_table(
            ("CREATED", "CHANGED", "UNCHANGED"), [[counts[each] for each in ("created", "changed", "unchanged")]]
        )
    return 0


def _objects(path: str) -> list[dict[str, Any]]:
    """Everything behind the head. Raises CommandFailed for what is no whole backup."""
    try:
        lines = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    except OSError as fault:
        raise CommandFailed(f"{path}: {fault.strerror}") from None
    except (ValueError, RecursionError) as fault:
        raise CommandFailed(f"{path} is no backup: {fault}") from None
    if not lines or not isinstance(lines[0], dict) or lines[0].get("dnsd_backup") != 1:
        raise CommandFailed(f"{path} is no backup: the first line does not say so")
    if lines[0].get("objects") != len(lines) - 1:
        raise CommandFailed(f"{path} is cut short: {len(lines) - 1} of {lines[0].get('objects')} objects")
    return lines[1:]


def _parts(objects: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for at in range(0, len(objects), _PART):
        yield objects[at : at + _PART]


async def _send(
    connection: Connection, parts: list[list[dict[str, Any]]], arguments: argparse.Namespace
) -> Counter[str]:
    counts: Counter[str] = Counter()
    query = [(name, "true") for name in ("replace", "dry_run") if getattr(arguments, name)]
    async with Client(connection) as client:
        for part in parts:
            reply = await client.call("POST", "/v1/restore", query=query, body={"items": part}, seconds=_SECONDS)
            counts.update({name: reply.document[name] for name in _COUNTED})
    return counts
