"""``dnsd status``: how a replica stands."""

from __future__ import annotations

import argparse
import json

from dnsd.cli.calling import call
from dnsd.cli.failures import CommandFailed
from dnsd.cli.options import add_connection_flags
from dnsd.cli.output import add_output_flag, print_document, print_table

HELP = "show how a replica stands"

EPILOG = """\
example:

  dnsd status --server http://10.0.0.2:8053

Exit status 1 when it is not ready.
"""

_NOT_READY = 503
"""Whoever is not ready says so with this, and says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Show; 0 when it is ready."""
    told = call(arguments, "GET", "/readyz", takes=(_NOT_READY,))
    if not isinstance(told, dict) or "ready" not in told:
        raise CommandFailed(
            f"what answered is no dnsd's /readyz, name one with --server: it said {json.dumps(told):.200}"
        )
    if arguments.output != "table":
        print_document(told, arguments.output)
    else:
        print_table(("WHAT", "IS"), [(name.replace("_", " "), value) for name, value in told.items()])
    if not told["ready"]:
        raise CommandFailed(f"{told['replica']} is not ready: {told['problem'] or 'it is leaving'}")
    return 0
