"""``dnsd show``: one service with its endpoints, or one endpoint, with all that is known of it."""

from __future__ import annotations

import argparse

from dnsd.cli.calling import call
from dnsd.cli.options import NAMESPACE_DEFAULT, add_connection_flags, endpoint_path, service_path
from dnsd.cli.output import add_output_flag, document_text, print_document

HELP = "show everything about a service or an endpoint"

EPILOG = """\
examples:

  dnsd show --service web
  dnsd show --service web --id web-1 --output json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--service", required=True, metavar="NAME", help="the service")
    parser.add_argument("--namespace", default=NAMESPACE_DEFAULT, metavar="NAME", help="[default]")
    parser.add_argument("--id", metavar="ID", help="one endpoint of it alone")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Show; 0 when it is there."""
    is_service = arguments.id is None
    path = service_path(arguments.namespace, arguments.service) if is_service else endpoint_path(arguments)
    document = call(arguments, "GET", path)
    if arguments.output == "table":
        print(document_text(document, "yaml"), end="")  # too much for a table; YAML is for people as well
    else:
        print_document(document, arguments.output)
    return 0
