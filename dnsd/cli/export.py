"""``dnsd export``: a zone as a master file, as a server answers it or as zone files make it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from urllib.parse import quote

from dnsd.cli.client import Client
from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.offline import catalog_of_files
from dnsd.cli.options import Connection, add_connection_flags, connection_of
from dnsd.codec.zonefile_writer import zone_file_lines
from dnsd.model.names import Name, name_from_text, name_to_text

HELP = "write a zone as a master file, as it is answered"

EPILOG = """\
examples:

  dnsd export --zone cluster.local > cluster.local.zone
  dnsd export --zone 10.in-addr.arpa --server http://192.0.2.53:8053
  dnsd export --zone example.internal --zones zones          (from zone files, with no server)

It is what a secondary would hold. A service that answers "no data" owns no record: such names stand in comments.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--zone", required=True, metavar="NAME", help="the zone's name")
    parser.add_argument("--zones", metavar="DIR", help="from the zone files (NAME.zone) of DIR, with no server")
    add_connection_flags(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Write the zone to standard output."""
    try:
        origin = name_from_text(arguments.zone).lower()
    except ValueError as fault:
        raise WrongCall(f"--zone: {fault}") from None
    if arguments.zones is None:
        asyncio.run(_copy(connection_of(arguments), origin))
    elif arguments.server:
        raise WrongCall("--zones and --server: either files or a server")
    else:
        _write(Path(arguments.zones), origin)
    return 0


async def _copy(connection: Connection, origin: Name) -> None:
    path = f"/v1/zones/{quote(name_to_text(origin), safe='')}/file"
    async with Client(connection) as client, client.stream(path, (), {"Accept": "text/dns"}) as chunks:
        async for chunk in chunks:
            sys.stdout.write(chunk.decode("ascii", "replace"))


def _write(directory: Path, origin: Name) -> None:
    table = catalog_of_files(directory, "export").table
    if origin not in table.zones:
        known = ", ".join(name_to_text(each) for each in table.zones)
        raise CommandFailed(f"no zone {name_to_text(origin)}; there are: {known}")
    for line in zone_file_lines(table, origin):
        print(line)
