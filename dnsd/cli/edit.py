"""``dnsd edit``: weight, priority, readiness and metadata of an endpoint that stands."""

from __future__ import annotations

import argparse

from dnsd.cli.calling import call, pairs_of, print_outcomes
from dnsd.cli.failures import WrongCall
from dnsd.cli.options import add_connection_flags, add_endpoint_flags, endpoint_path
from dnsd.cli.output import add_output_flag

HELP = "change weight, priority, readiness or metadata of an endpoint"

EPILOG = """\
examples:

  dnsd edit --service web --id canary --weight 10
  dnsd edit --service web --id web-1 --not-ready

It counts in the very next answer, and stays until the endpoint is registered anew with other values.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    add_endpoint_flags(parser)
    parser.add_argument("--weight", type=int, metavar="N", help="share among its equals; 0: out of all answers")
    parser.add_argument("--priority", type=int, metavar="N", help="lower ones are preferred")
    ready = parser.add_mutually_exclusive_group()
    ready.add_argument("--ready", action="store_true", default=None, help="it can be answered")
    ready.add_argument("--not-ready", action="store_false", dest="ready", help="it cannot")
    parser.add_argument("--metadata", action="append", metavar="NAME=VALUE", help="all of its metadata; repeatable")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Edit; 0 when it is done."""
    body = {name: value for name in ("weight", "priority", "ready") if (value := getattr(arguments, name)) is not None}
    if arguments.metadata is not None:
        body["metadata"] = pairs_of(arguments.metadata, "--metadata")
    if not body:
        raise WrongCall("nothing to change: give --weight, --priority, --ready, --not-ready or --metadata")
    print_outcomes(call(arguments, "PATCH", endpoint_path(arguments), body), arguments.output)
    return 0
