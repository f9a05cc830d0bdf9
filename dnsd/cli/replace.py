"""``dnsd replace``: all endpoints of a service at once."""

from __future__ import annotations

import argparse

from dnsd.cli.calling import MANY_SECONDS, add_file_flag, body_of, call, print_outcomes
from dnsd.cli.options import NAMESPACE_DEFAULT, add_connection_flags, service_path
from dnsd.cli.output import add_output_flag

HELP = "let a service have exactly these endpoints, in one change"

EPILOG = """\
example:

  dnsd replace --service web -f - <<END
  endpoints:
    web-1: {address: 192.0.2.1, ports: {http: 80}, lease_seconds: null}
    web-2: {address: 192.0.2.2, ports: {http: 80}, lease_seconds: null}
  END

Endpoints that are not named go; no answer in between is empty.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--service", required=True, metavar="NAME", help="the service")
    parser.add_argument("--namespace", default=NAMESPACE_DEFAULT, metavar="NAME", help="[default]")
    add_file_flag(parser)
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Replace; 0 when the service is so."""
    path = f"{service_path(arguments.namespace, arguments.service)}/endpoints"
    print_outcomes(call(arguments, "PUT", path, body_of(arguments), seconds=MANY_SECONDS), arguments.output)
    return 0
