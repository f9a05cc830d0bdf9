"""``dnsd deregister``: an endpoint, or a service with all of them."""

from __future__ import annotations

import argparse
import asyncio

from dnsd.cli.client import Client, Refused
from dnsd.cli.failures import WrongCall
from dnsd.cli.options import (
    Connection,
    add_connection_flags,
    add_endpoint_flags,
    connection_of,
    endpoint_path,
    service_path,
)
from dnsd.cli.output import add_output_flag, full_name, note, print_document, print_table

HELP = "remove an endpoint, or a whole service"

EPILOG = """\
examples:

  dnsd deregister --service db --id db-1
  dnsd deregister --service web --port http=8080          (the id that `dnsd register` makes of the same flags)
  dnsd deregister --service web --namespace shop --whole-service

What was removed already is no failure; what was never there is.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    add_endpoint_flags(parser)
    parser.add_argument("--whole-service", action="store_true", help="the service itself, with all its endpoints")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Remove; 0 when it is gone, also when it was before."""
    if arguments.whole_service and (arguments.id is not None or arguments.port):
        raise WrongCall("--whole-service removes all endpoints: give no --id and no --port with it")
    is_service = arguments.whole_service
    path = service_path(arguments.namespace, arguments.service) if is_service else endpoint_path(arguments)
    document = asyncio.run(_delete(connection_of(arguments), path))
    if arguments.output != "table":
        print_document(document, arguments.output)
    elif "kind" in document:
        print_table(("OUTCOME", "KIND", "NAME"), [(document["outcome"], document["kind"], full_name(document))])
    return 0


async def _delete(connection: Connection, path: str) -> dict[str, object]:
    async with Client(connection) as client:
        try:
            return dict((await client.call("DELETE", path)).document)
        except Refused as refusal:
            if refusal.code != 410:
                raise
            note("deregister", f"{refusal}")
            return {"outcome": "deleted before"}
