"""``dnsd list``: services with the state of their endpoints, or endpoints."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from dnsd.cli.client import Client, Query
from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.options import Connection, add_connection_flags, check_labels, connection_of
from dnsd.cli.output import (
    add_output_flag,
    addresses_text,
    lease_text,
    note,
    ports_text,
    print_document,
    print_table,
    state_of,
)

HELP = "show services or endpoints"

EPILOG = """\
examples:

  dnsd list
  dnsd list endpoints --service web
  dnsd list endpoints --state draining --namespace shop
  dnsd list services --label app=web --output json
  dnsd list endpoints --label 'tier in (front,edge),!canary'
  dnsd list --replicas
  dnsd list --zones

A label counts in a service's labels and in an endpoint's metadata. A service is in a state when one of its endpoints
is; it is not-ready when none is ready.
"""

_SERVICE_TITLES = ("NAMESPACE", "SERVICE", "ADDRESS", "PORTS", "ENDPOINTS")
_REPLICA_TITLES = ("REPLICA", "REVISION", "LAG", "DIGEST", "SEEN SECONDS AGO")
_ZONE_TITLES = ("ZONE", "SERIAL", "FROM")
_ENDPOINT_TITLES = ("NAMESPACE", "SERVICE", "ID", "ADDRESSES", "PORTS", "WEIGHT", "PRIORITY", "STATE", "LEASE")
_STATES = ("ready", "not-ready", "draining", "failing")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("kind", nargs="?", choices=("services", "endpoints"), default="services", help="[services]")
    parser.add_argument("--namespace", metavar="NAME", help="of one namespace only [all]")
    parser.add_argument("--service", metavar="NAME", help="endpoints of services of this name only")
    parser.add_argument("--label", action="append", default=[], metavar="SELECTOR", help="repeatable: all must hold")
    parser.add_argument("--state", choices=_STATES, help="in this state only")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--replicas", action="store_true", help="the replicas of the registry instead")
    instead.add_argument("--zones", action="store_true", help="the zones that are answered instead")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """List; 0 also when there is nothing."""
    if arguments.service is not None and arguments.kind == "services":
        raise WrongCall("--service is for endpoints: dnsd list endpoints --service NAME")
    check_labels(arguments.label)
    connection = connection_of(arguments)
    whole = "replicas" if arguments.replicas else "zones" if arguments.zones else ""
    asyncio.run(_list_whole(connection, whole, arguments.output) if whole else _list(connection, arguments))
    return 0


async def _list_whole(connection: Connection, what: str, output: str) -> None:
    """A list that comes in one reply: replicas or zones."""
    async with Client(connection) as client:
        found = (await client.call("GET", f"/v1/{what}")).document
    if output != "table":
        print_document(found, output)
        return
    titles, row = (_REPLICA_TITLES, _replica_row) if what == "replicas" else (_ZONE_TITLES, _zone_row)
    print_table(titles, [row(item) for item in found["items"]])


async def _list(connection: Connection, arguments: argparse.Namespace) -> None:
    async with Client(connection) as client:
        found = await client.items(f"/v1/{arguments.kind}", _query(arguments))
        await _tell_alarms(client)
        if arguments.output != "table":
            print_document(found, arguments.output)
        elif arguments.kind == "endpoints":
            print_table(_ENDPOINT_TITLES, [_endpoint_row(item) for item in found["items"]])
        else:
            within = [("namespace", arguments.namespace)] if arguments.namespace else []
            endpoints = (await client.items("/v1/endpoints", within))["items"] if found["items"] else []
            states = _states(endpoints)
            print_table(_SERVICE_TITLES, [_service_row(item, states) for item in found["items"]])


async def _tell_alarms(client: Client) -> None:
    """What makes a list other than it looks: kept endpoints, a store that is not believed."""
    try:
        state = (await client.call("GET", "/readyz")).document
    except CommandFailed:
        return
    if state.get("self_preservation"):
        note("list", f"self-preservation is on: {state['held_endpoints']} endpoints are kept that sent no heartbeat")
    if state.get("store_suspect"):
        note("list", state["problem"])


def _query(arguments: argparse.Namespace) -> Query:
    single = [(name, getattr(arguments, name)) for name in ("namespace", "service", "state")]
    return [
        *((name, value) for name, value in single if value is not None),
        *(("label", one) for one in arguments.label),
    ]


def _states(endpoints: list[dict[str, Any]]) -> dict[tuple[str, str], Counter[str]]:
    """How many endpoints of each service are in which state."""
    states: dict[tuple[str, str], Counter[str]] = {}
    for item in endpoints:
        states.setdefault((item["namespace"], item["service"]), Counter())[state_of(item)] += 1
    return states


def _replica_row(item: Mapping[str, Any]) -> tuple[object, ...]:
    fields = ("replica", "revision", "lag", "digest", "last_seen_seconds")
    return tuple("unknown" if item[field] is None else item[field] for field in fields)


def _zone_row(item: Mapping[str, Any]) -> tuple[object, ...]:
    return item["zone"], item["serial"], "file" if item["static"] else "registry"


def _service_row(item: Mapping[str, Any], states: Mapping[tuple[str, str], Counter[str]]) -> tuple[object, ...]:
    address = item["external_name"] or ",".join(item["cluster_ips"]) or "headless"
    counts = states.get((item["namespace"], item["name"]), Counter())
    shown = ", ".join(f"{counts[state]} {state}" for state in _STATES if counts[state])
    kept = f", keeps {item['min_kept']}" if item.get("min_kept") else ""
    return item["namespace"], item["name"], address, ports_text(item), (shown or "none") + kept


def _endpoint_row(item: Mapping[str, Any]) -> tuple[object, ...]:
    place = (item["namespace"], item["service"], item["id"], addresses_text(item), ports_text(item))
    return *place, item["weight"], item["priority"], state_of(item), lease_text(item)
