"""``dnsd renew``: a heartbeat of one endpoint, or of many."""

from __future__ import annotations

import argparse

from dnsd.cli.calling import call
from dnsd.cli.failures import CommandFailed
from dnsd.cli.options import NAMESPACE_DEFAULT, add_connection_flags
from dnsd.cli.output import add_output_flag, full_name, print_document, print_table

HELP = "renew the leases of endpoints"

EPILOG = """\
example:

  dnsd renew --service web --id web-1 --id web-2

`dnsd run` does this by itself. Exit status 1 says that one of them is not registered: register it again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--service", required=True, metavar="NAME", help="the service")
    parser.add_argument("--namespace", default=NAMESPACE_DEFAULT, metavar="NAME", help="[default]")
    parser.add_argument("--id", action="append", required=True, metavar="ID", help="an endpoint; repeatable")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Renew; 0 when all of them were."""
    keys = [{"namespace": arguments.namespace, "service": arguments.service, "id": each} for each in arguments.id]
    told = call(arguments, "POST", "/v1/renew", {"endpoints": keys})
    if arguments.output != "table":
        print_document(told, arguments.output)
    else:
        rows = [(full_name(each), each["remaining_seconds"] or "permanent") for each in told["renewed"]]
        print_table(("ENDPOINT", "SECONDS LEFT"), rows)
    lost = [full_name(each) for each in (*told["unknown"], *told["deleted"])]
    if lost:
        raise CommandFailed(f"not registered: {', '.join(lost)}; register again")
    return 0
