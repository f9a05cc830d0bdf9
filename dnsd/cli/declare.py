"""``dnsd declare``: a service as it is to be, with endpoints or without."""

from __future__ import annotations

import argparse

from dnsd.cli.calling import call, pairs_of, print_outcomes
from dnsd.cli.failures import WrongCall
from dnsd.cli.options import NAMESPACE_DEFAULT, add_connection_flags, port_of, service_path
from dnsd.cli.output import add_output_flag
from dnsd.model.health import (
    CHECK_TYPES,
    DOWN_DEFAULT,
    INTERVAL_SECONDS_DEFAULT,
    TIMEOUT_SECONDS_DEFAULT,
    UP_DEFAULT,
)
from dnsd.model.service import TTL_SECONDS_DEFAULT, WHEN_EMPTY

HELP = "declare a service, or replace its declaration"

EPILOG = """\
examples:

  dnsd declare --service web --port http=80 --ttl 10
  dnsd declare --service api --external-name api.example.org
  dnsd declare --service web --slow-start 30 --when-empty last_known
  dnsd declare --service db --min-kept 2
  dnsd declare --service web --health http --health-port http --health-path /healthz

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
    _add_health_flags(parser)
    parser.add_argument("--label", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    add_connection_flags(parser)
    add_output_flag(parser)


def _add_health_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--health", choices=CHECK_TYPES, help="check its endpoints: who fails leaves the answers [no]")
    parser.add_argument("--health-port", metavar="NAME", help="of their ports [the first one of TCP]")
    parser.add_argument("--health-path", metavar="PATH", help="of the GET, whose status has to be 200 to 399 [/]")
    parser.add_argument("--health-interval", type=int, metavar="SECONDS", help=f"[{INTERVAL_SECONDS_DEFAULT}]")
    parser.add_argument("--health-timeout", type=int, metavar="SECONDS", help=f"[{TIMEOUT_SECONDS_DEFAULT}]")
    parser.add_argument("--health-up", type=int, metavar="NUMBER", help=f"so many passes bring it back [{UP_DEFAULT}]")
    parser.add_argument(
        "--health-down", type=int, metavar="NUMBER", help=f"so many failures take it out [{DOWN_DEFAULT}]"
    )


def _health(arguments: argparse.Namespace) -> dict[str, object] | None:
    """The check that is asked for. Raises WrongCall for one of which nobody said what it is."""
    given = {
        "port": arguments.health_port,
        "path": arguments.health_path,
        "interval_seconds": arguments.health_interval,
        "timeout_seconds": arguments.health_timeout,
        "up": arguments.health_up,
        "down": arguments.health_down,
    }
    told = {name: value for name, value in given.items() if value is not None}
    if arguments.health is None and told:
        raise WrongCall("--health is missing: say --health tcp or --health http, or leave --health-… out")
    return None if arguments.health is None else {"type": arguments.health, **told}


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
        "health": _health(arguments),
        "labels": pairs_of(arguments.label, "--label"),
    }
    path = service_path(arguments.namespace, arguments.service)
    print_outcomes(call(arguments, "PUT", path, body), arguments.output)
    return 0
