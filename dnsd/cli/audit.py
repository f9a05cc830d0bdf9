"""``dnsd audit``: who wrote what, of which replica, from where."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime
from typing import Any

from dnsd.cli.client import Client, Query
from dnsd.cli.failures import WrongCall
from dnsd.cli.options import add_connection_flags, connection_of
from dnsd.cli.output import add_output_flag, print_document, print_table

HELP = "show who wrote what"

EPILOG = """\
examples:

  dnsd audit
  dnsd audit --last 500 --output json

The store keeps the last ten thousand writes or so. Heartbeats change nothing and are not among them; the ends of
leases are nobody's writes: `dnsd watch` tells them.
"""

_TITLES = ("WHEN", "WHO", "FROM", "REPLICA", "REVISION", "WHAT")
_PAGE_MOST = 1000
_LAST_MOST = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--last", type=int, default=100, metavar="N", help="so many, the newest first [100]")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Show it; 0 also when there is nothing."""
    if not 1 <= arguments.last <= _LAST_MOST:
        raise WrongCall(f"--last is 1 to {_LAST_MOST}")
    items = asyncio.run(_items(arguments))
    if arguments.output != "table":
        print_document({"items": items}, arguments.output)
    else:
        print_table(_TITLES, [_row(item) for item in items])
    return 0


async def _items(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    async with Client(connection_of(arguments)) as client:
        while cursor is not None and len(items) < arguments.last:
            query: Query = [("limit", str(min(_PAGE_MOST, arguments.last - len(items))))]
            page = await client.call("GET", "/v1/audit", query=[*query, *([("cursor", cursor)] if cursor else [])])
            items += page.document["items"]
            cursor = page.document["next"]
    return items


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    at = item["at"]
    when = "-" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    revision = "-" if item["revision"] is None else item["revision"]
    return when, item["who"], item["from"], item["replica"], revision, item["what"]
