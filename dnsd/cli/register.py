"""``dnsd register``: one endpoint, permanent unless it has a lease."""

from __future__ import annotations

import argparse
import asyncio

from dnsd.cli.client import Client
from dnsd.cli.options import Connection, add_connection_flags, connection_of
from dnsd.cli.output import (
    add_output_flag,
    addresses_text,
    full_name,
    lease_text,
    note,
    ports_text,
    print_document,
    print_table,
    state_of,
)
from dnsd.cli.registration import Registration, add_registration_flags, registration_of

HELP = "register an endpoint of a service"

EPILOG = """\
examples:

  dnsd register --service db --id db-1 --address 192.0.2.7 --port postgres=5432
  dnsd register --service web --port http=8080 --lease 30

The first one stays until `dnsd deregister` removes it. The second one vanishes after 30 s unless the same command is
repeated before; `dnsd run` does that for a program. Repeating a registration is harmless.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    add_registration_flags(parser, lease_default=None)
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Register; 0 when it stands."""
    connection = connection_of(arguments)
    registration = registration_of(arguments, connection.servers)
    document = asyncio.run(_put(connection, registration))
    if arguments.output != "table":
        print_document(document, arguments.output)
        return 0
    titles = ("OUTCOME", "ENDPOINT", "ADDRESSES", "PORTS", "STATE", "LEASE", "REVISION")
    outcome = (document["outcome"], full_name(document), addresses_text(document), ports_text(document))
    print_table(titles, [(*outcome, state_of(document), lease_text(document), document["revision"])])
    if not document.get("visible", True):
        note("register", "registered, but not every responder answers with it yet")
    return 0


async def _put(connection: Connection, registration: Registration) -> dict[str, object]:
    async with Client(connection) as client:
        reply = await client.call("PUT", registration.path, body=registration.body)
    return dict(reply.document)
