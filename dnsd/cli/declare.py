"""``dnsd declare``: a service as it is to be, with endpoints or without."""

from __future__ import annotations

import argparse

from dnsd.cli.calling import call, pairs_of, print_outcomes
from dnsd.cli.options import NAMESPACE_DEFAULT, add_connection_flags, port_of, service_path
from dnsd.cli.output import add_output_flag
from dnsd.model.service import TTL_SECONDS_DEFAULT, WHEN_EMPTY

HELP = "declare a service, or replace its declaration"

EPILOG = """\
examples:

  dnsd declare --service web --port http=80 --ttl 10
  dnsd declare --service api --external-name api.example.org
  dnsd declare --service web --slow-start 30 --when-empty last_known
  dnsd declare --service db --min-kept 2

A declared service stays when its last endpoint goes; `dnsd deregister --whole-service` removes it. What is not given
is as if it had never been: the declaration is replaced whole.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--service", required=True, metavar="NAME", help="its name")
    parser.add_argument("--namespace", default=NAMESPACE_DEFAULT, metavar="NAME", help="[default]")
    parser.add_argument("--port", action="append", default=[], type=port_of, metavar="NAME=NUMBER", help="repeatable")
    parser.add_argument("--cluster-ip", action="append", default=[], metavar="ADDR", help="repeatable [headless]")
    parser.add_argument("--external-name", metavar="NAME", help="an alias for this name (CNAME)")
    parser.add_argument("--ttl", type=int, default=TTL_SECONDS_DEFAULT, metavar="SECONDS", help="of its records [5]")
    parser.add_argument("--when-empty", choices=WHEN_EMPTY, default="nodata", help="the answer without endpoints")
    parser.add_argument("--publish-not-ready", action="store_true", help="answer endpoints that are not ready too")
    parser.add_argument(
        "--slow-start", type=int, default=0, metavar="SECONDS", help="a new endpoint's weight rises for so long [0]"
    )
    parser.add_argument(
        "--min-kept", type=int, default=0, metavar="NUMBER", help="so many endpoints stay when leases run out [0]"
    )
    parser.add_argument("--label", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Declare; 0 when it stands."""
    body = {
        "ports": arguments.port,
        "cluster_ips": arguments.cluster_ip,
        "external_name": arguments.external_name,
        "ttl_seconds": arguments.ttl,
        "when_empty": arguments.when_empty,
        "publish_not_ready": arguments.publish_not_ready,
        "slow_start_seconds": arguments.slow_start,
        "min_kept": arguments.min_kept,
        "labels": pairs_of(arguments.label, "--label"),
    }
    path = service_path(arguments.namespace, arguments.service)
    print_outcomes(call(arguments, "PUT", path, body), arguments.output)
    return 0
