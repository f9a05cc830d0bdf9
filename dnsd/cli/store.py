"""``dnsd store``: what to do with a store that lost records which the replicas still answer."""

from __future__ import annotations

import argparse
import asyncio

from dnsd.cli.client import Client
from dnsd.cli.options import Connection, add_connection_flags, connection_of
from dnsd.cli.output import add_output_flag, print_document, print_table

HELP = "write back what the store has lost, or accept it as it is"

EPILOG = """\
examples:

  dnsd store restore          (write back what this server answers and the store lacks)
  dnsd store adopt            (the store is right: what it lacks leaves the answers)

A replica says store-suspect when its store came back empty, with another epoch, or with less than half of its records.
It goes on answering what it knows. Leased records come back by themselves; permanent ones by restore.
"""

_SECONDS = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("action", choices=("restore", "adopt"))
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Restore or adopt; 0 when it is done."""
    return asyncio.run(_run(connection_of(arguments), arguments))


async def _run(connection: Connection, arguments: argparse.Namespace) -> int:
    async with Client(connection) as client:
        reply = await client.call("POST", f"/v1/store/{arguments.action}", seconds=_SECONDS)
    if arguments.output != "table":
        print_document(reply.document, arguments.output)
        return 0
    titles = [title.upper() for title in reply.document]
    print_table(titles, [tuple(reply.document.values())])
    return 0
