"""``dnsd ask --why``: what a running dnsd would tell a resolver now, and for each endpoint why it is in or out."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from dnsd.cli.client import Client
from dnsd.cli.failures import CommandFailed
from dnsd.cli.options import connection_of
from dnsd.cli.output import plain, print_document, table_lines
from dnsd.codec.wire import type_to_text
from dnsd.model.names import Name, name_to_text


def explain(arguments: argparse.Namespace, qname: Name, qtype: int) -> int:
    """Ask the admin API and print; 0 when there is an answer."""
    query = [("name", name_to_text(qname)), ("type", type_to_text(qtype))]
    query += [(name, value) for name in ("client", "size") if (value := getattr(arguments, name)) is not None]
    told = asyncio.run(_ask(arguments, query))
    if arguments.output != "table":
        print_document(told, arguments.output)
    else:
        for line in explanation_lines(told):
            print(plain(line))
    if not told["answer"]:
        raise CommandFailed(f"{told['name']} {told['type']}: {told['why']} ({told['status']})")
    return 0


def explanation_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The answer, its TTL, who said so, and a line for each endpoint."""
    yield f"{told['name']} {told['type']}: {told['status']}, {told['why']}"
    yield from table_lines([[record[part] for part in ("name", "ttl", "type", "data")] for record in told["answer"]])
    yield ""
    udp = told["udp"]
    cut = f", cut to {udp['records']} records (TC)" if udp["truncated"] else ""
    if udp["octets"]:  # of a name that is forwarded nothing is known here
        yield f"over UDP   {udp['octets']} of {udp['limit']} octets{cut}"
    seconds = told["ttl"]["seconds"]
    yield f"TTL        {'none' if seconds is None else f'{seconds} s'}: {told['ttl']['from']}"
    stale = ", the store is out of reach" if told["degraded"] else ""
    age = told["mirror_age_seconds"]
    yield f"told by    {told['replica']}, revision {told['revision']}, {_age(age)}{stale}"
    if told["endpoints"]:
        yield ""
        yield from table_lines([["", "ENDPOINT", "ADDRESSES", "WHY"], *map(_row, told["endpoints"])])


def _row(endpoint: Mapping[str, Any]) -> list[object]:
    name = "/".join(endpoint[part] for part in ("namespace", "service", "id"))
    lease = (endpoint.get("lease") or {}).get("remaining_seconds")
    left = "" if lease is None else f"; {lease} s of its lease are left"
    return ["in" if endpoint["in"] else "out", name, ",".join(endpoint["addresses"]) or "-", endpoint["detail"] + left]


def _age(seconds: float | None) -> str:
    return "not loaded" if seconds is None else f"store heard {seconds:.1f} s ago"


async def _ask(arguments: argparse.Namespace, query: list[tuple[str, str]]) -> dict[str, Any]:
    async with Client(connection_of(arguments)) as client:
        document: dict[str, Any] = (await client.call("GET", "/v1/answer", query=query)).document
        return document
