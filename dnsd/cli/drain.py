"""``dnsd drain``: out of the answers first, so that stopping the instance hurts nobody."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dnsd.cli.client import Client, Reply
from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.options import Connection, add_connection_flags, add_endpoint_flags, connection_of, endpoint_path
from dnsd.cli.output import add_output_flag, full_name, note, print_document, print_table, state_of
from dnsd.runtime.clock import SystemClock

HELP = "take an endpoint out of the answers before it stops"

EPILOG = """\
examples:

  dnsd drain --service web --id web-1 --wait && systemctl stop web
  dnsd drain --service web --id web-1 --undo

It comes back when every replica has taken the endpoint out of its answers. Caches may hand it out until the time
under SAFE AT; --wait waits for that. A service's last endpoint stays in the answers unless --force is given. Exit
status 0 means that the endpoint is out of all answers.
"""

DRAIN_SECONDS = 6.0
"""The server itself waits up to 2 s for its fellows."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    add_endpoint_flags(parser)
    parser.add_argument("--wait", action="store_true", help="until no cache may still hand the endpoint out")
    parser.add_argument("--force", action="store_true", help="also when it is the service's last endpoint")
    parser.add_argument("--undo", action="store_true", help="put the endpoint back into the answers")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Drain, or put back; 0 when it is done on all replicas."""
    if arguments.undo and (arguments.force or arguments.wait):
        raise WrongCall("--undo goes with neither --force nor --wait")
    return asyncio.run(_run(connection_of(arguments), arguments))


async def drain(client: Client, path: str, force: bool) -> Reply:
    """Drain an endpoint; the reply comes when all replicas applied it, or after 2 s with those that did not."""
    return await client.call("POST", f"{path}/drain", query=[("force", "true")] if force else [], seconds=DRAIN_SECONDS)


def seconds_until_safe(reply: Reply) -> float | None:
    """How long caches may still hand a drained endpoint out, by the server's own clock; None when nobody knows."""
    safe_at = reply.document["safe_at"]
    if safe_at is None:
        return None
    now = SystemClock().wall() if reply.date is None else reply.date
    return max(0.0, datetime.fromisoformat(safe_at).timestamp() - now)


async def _run(connection: Connection, arguments: argparse.Namespace) -> int:
    path = endpoint_path(arguments)
    async with Client(connection) as client:
        if arguments.undo:
            _print_undrained((await client.call("POST", f"{path}/undrain")).document, arguments.output)
            return 0
        reply = await drain(client, path, arguments.force)
    _print_drained(reply.document, arguments.output)
    _refuse_unsafe(reply.document)
    seconds = seconds_until_safe(reply)
    if arguments.wait and seconds:
        note("drain", f"waiting {seconds:.1f} s until it is safe")
        await SystemClock().sleep(seconds)
    return 0


def _refuse_unsafe(document: Mapping[str, Any]) -> None:
    name = full_name(document["endpoint"])
    if document["pending"]:
        raise CommandFailed(f"{name} may still be answered by {', '.join(document['pending'])}: no word from there yet")
    if document["safe_at"] is None:
        raise CommandFailed(f"{name} is its service's last endpoint and stays in the answers; --force takes it out")


def _print_drained(document: Mapping[str, Any], output: str) -> None:
    if output != "table":
        print_document(document, output)
        return
    replicas = (", ".join(document["applied"]) or "none", ", ".join(document["pending"]) or "none")
    row = (full_name(document["endpoint"]), state_of(document["endpoint"]), *replicas, document["safe_at"] or "unknown")
    print_table(("ENDPOINT", "STATE", "APPLIED BY", "PENDING", "SAFE AT"), [row])


def _print_undrained(document: Mapping[str, Any], output: str) -> None:
    if output != "table":
        print_document(document, output)
    else:
        print_table(("OUTCOME", "ENDPOINT", "STATE"), [(document["outcome"], full_name(document), state_of(document))])
