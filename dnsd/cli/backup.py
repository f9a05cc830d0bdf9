"""``dnsd backup``: the whole registry as one readable file."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

from dnsd.cli.client import Client
from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.options import Connection, add_connection_flags, connection_of

HELP = "write the whole registry to a file, an object a line"

EPILOG = """\
examples:

  dnsd backup > registry.jsonl
  dnsd backup --file registry.jsonl && dnsd restore --file registry.jsonl --dry-run
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--file", metavar="FILE", help="replaced when all of it is there [standard output]")
    add_connection_flags(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Write the backup; 0 when it is whole."""
    if arguments.file is not None:
        _check_target(Path(arguments.file))
    octets = asyncio.run(_fetch(connection_of(arguments)))
    if arguments.file is None:
        sys.stdout.write(octets.decode())
        return 0
    beside = Path(arguments.file + ".new")
    try:
        beside.write_bytes(octets)
        os.replace(beside, arguments.file)
    except OSError as fault:
        raise CommandFailed(f"{arguments.file}: {fault.strerror}") from None
    return 0


def _check_target(path: Path) -> None:
    """Refuse a device, a pipe or a folder: a file would take its place, /dev/null's as well. Raises WrongCall."""
    if path.exists() and not path.is_file():
        raise WrongCall(f"--file {path} is no ordinary file; leave --file out to write to standard output")


async def _fetch(connection: Connection) -> bytes:
    octets = bytearray()
    async with Client(connection) as client, client.stream("/v1/backup", (), {}) as chunks:
        async for chunk in chunks:
            octets += chunk
    lines = octets.splitlines()
    if not lines or json.loads(lines[0]).get("objects") != len(lines) - 1:
        raise CommandFailed("the backup was cut short; nothing is written")
    return bytes(octets)
