"""``dnsd batch``: many writes as one atomic change."""

from __future__ import annotations

import argparse

from dnsd.cli.calling import MANY_SECONDS, add_file_flag, body_of, call, print_outcomes
from dnsd.cli.options import add_connection_flags
from dnsd.cli.output import add_output_flag

HELP = "do many writes as one atomic change"

EPILOG = """\
example:

  dnsd batch -f - <<END
  operations:
    - {op: put, kind: endpoint, namespace: default, service: web, id: new, value: {address: 192.0.2.2}}
    - {op: delete, kind: endpoint, namespace: default, service: web, id: old}
  END

All of it or nothing, in one revision. op is put, patch, delete, drain or undrain.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    add_file_flag(parser)
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Write; 0 when all of it is done."""
    print_outcomes(call(arguments, "POST", "/v1/batch", body_of(arguments), seconds=MANY_SECONDS), arguments.output)
    return 0
