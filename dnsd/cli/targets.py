"""``dnsd targets``: what is registered as targets of Prometheus, for its files (``file_sd_configs``)."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from dnsd.cli.client import Client, Query
from dnsd.cli.options import Connection, add_connection_flags, check_labels, connection_of
from dnsd.cli.output import add_output_flag, print_document, print_table

HELP = "show what is registered as targets for Prometheus"

EPILOG = """\
examples:

  dnsd targets --port metrics
  dnsd targets --service web --output json > targets.json     (a file for file_sd_configs)

A target stands for each address and TCP port, of endpoints that are not ready too: relabelling chooses by
__meta_dnsd_state. Prometheus itself asks by HTTP: http_sd_configs with the url /v1/prometheus.
"""

_STATES = ("ready", "not-ready", "draining", "failing")
_LABELS = ("namespace", "service", "endpoint", "port_name", "state")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--namespace", metavar="NAME", help="of one namespace only [all]")
    parser.add_argument("--service", metavar="NAME", help="of services of this name only")
    parser.add_argument("--port", metavar="NAME", help="ports of this name only [all of TCP]")
    parser.add_argument("--label", action="append", default=[], metavar="SELECTOR", help="repeatable: all must hold")
    parser.add_argument("--state", choices=_STATES, help="in this state only")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Show; 0 also when there is nothing."""
    check_labels(arguments.label)
    single = [(name, getattr(arguments, name)) for name in ("namespace", "service", "state", "port")]
    query = [(name, value) for name, value in single if value is not None]
    query += [("label", each) for each in arguments.label]
    groups = asyncio.run(_groups(connection_of(arguments), query))
    if arguments.output != "table":
        print_document(groups, arguments.output)
        return 0
    rows = [
        (target, *(group["labels"][f"__meta_dnsd_{label}"] for label in _LABELS))
        for group in groups
        for target in group["targets"]
    ]
    print_table(("TARGET", "NAMESPACE", "SERVICE", "ID", "PORT", "STATE"), rows)
    return 0


async def _groups(connection: Connection, query: Query) -> Any:
    """The reply is a list, as Prometheus wants it: none of the API's objects."""
    async with Client(connection) as client, client.stream("/v1/prometheus", query, {}) as chunks:
        return json.loads(b"".join([chunk async for chunk in chunks]))
