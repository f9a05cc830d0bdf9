"""``dnsd apply``: Kubernetes manifests, checked as a whole, then sent in parts that are each one change."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dnsd.cli.client import Client
from dnsd.cli.failures import CommandFailed
from dnsd.cli.options import Connection, add_connection_flags, connection_of
from dnsd.cli.output import add_output_flag, full_name, note, plain, print_document, print_table
from dnsd.cli.sources import Desired, read_sources
from dnsd.codec.manifest_writer import written
from dnsd.model.service import Endpoint, Service

HELP = "register what Kubernetes manifests say"

EPILOG = """\
examples:

  dnsd apply -f services.yaml
  dnsd apply -f manifests/ --dry-run
  kubectl get services,endpointslices -A -o yaml | dnsd apply -f -

Service, Endpoints, EndpointSlice, Namespace and List are read as they are; other kinds are named and skipped. One
wrong field refuses everything. Applying the same again changes nothing; what a file no longer holds stays, use
--prune (see the plan with --dry-run first) or `dnsd deregister` for it. Annotations of a Service that are ours:
dnsd/ttl-seconds, dnsd/when-empty, dnsd/slow-start-seconds, dnsd/min-kept and dnsd/health (JSON, as in the API).
"""

PART_OBJECTS_MOST = 1000
PART_OCTETS_MOST = 1_900_000
"""A little below what the API takes."""
PART_SECONDS = 20.0

_HEAD, _TAIL = b'{"apiVersion":"v1","kind":"List","items":[', b"]}"


@dataclass(frozen=True, slots=True)
class Part:
    """One call's body, a List in JSON, and how many of our objects are in it."""

    body: bytes
    objects: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument(
        "-f",
        "--filename",
        action="append",
        required=True,
        metavar="FILE|DIR|-",
        help="manifests; repeatable; - is stdin",
    )
    parser.add_argument("-R", "--recursive", action="store_true", help="folders with all below them")
    parser.add_argument(
        "--prune",
        action="store_true",
        help="remove what stands in the same namespaces without a lease and is in no file; at most 30 %% of it",
    )
    parser.add_argument("--force", action="store_true", help="with --prune: however much that removes")
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Apply; 0 when the server has it all."""
    connection = connection_of(arguments)
    desired = read_sources(arguments.filename, arguments.recursive)
    for text in desired.notes:
        note("apply", text)
    _refuse_faults(desired)
    parts = list(parts_of(desired.values))
    if arguments.prune and len(parts) > 1:
        raise CommandFailed(f"--prune takes what fits one change, {PART_OBJECTS_MOST:,} objects; nothing was sent")
    results = asyncio.run(_send(connection, parts, _query(arguments)))
    if arguments.output != "table":
        print_document(
            {"dry_run": arguments.dry_run, "results": results, "notes": list(desired.notes)}, arguments.output
        )
    else:
        _print_results(results, arguments.dry_run)
    return 0


def parts_of(values: Iterable[Service | Endpoint]) -> Iterator[Part]:
    """Values as bodies of at most 1,000 objects and about 2 MB; none when there are no values."""
    items: list[bytes] = []
    objects = octets = 0
    for manifest in written(values):
        text = json.dumps(manifest.document, separators=(",", ":")).encode()
        if items and (objects + manifest.objects > PART_OBJECTS_MOST or octets + len(text) > PART_OCTETS_MOST):
            yield Part(_HEAD + b",".join(items) + _TAIL, objects)
            items, objects, octets = [], 0, 0
        items.append(text)
        objects += manifest.objects
        octets += len(text) + 1
    if items:
        yield Part(_HEAD + b",".join(items) + _TAIL, objects)


def _refuse_faults(desired: Desired) -> None:
    """Every fault on a line of its own, the last line says what that means; a single one is that line."""
    if len(desired.faults) == 1:
        raise CommandFailed(f"nothing was sent: {plain(desired.faults[0])}")
    for fault in desired.faults:
        print(plain(fault), file=sys.stderr)
    if desired.faults:
        raise CommandFailed(f"nothing was sent: {len(desired.faults)} faults, see above")


def _query(arguments: argparse.Namespace) -> dict[str, str]:
    return {name: "true" for name in ("dry_run", "prune", "force") if getattr(arguments, name)}


async def _send(connection: Connection, parts: list[Part], query: dict[str, str]) -> list[dict[str, Any]]:
    """The results of all parts, in order. Raises CommandFailed with the number of objects that stand already."""
    results: list[dict[str, Any]] = []
    dry_run = "dry_run" in query
    async with Client(connection) as client:
        for number, part in enumerate(parts, 1):
            try:
                reply = await client.call(
                    "POST", "/v1/apply", query=[*query.items()], body=part.body, seconds=PART_SECONDS
                )
            except CommandFailed as failure:
                if number == 1 or dry_run:
                    raise
                raise CommandFailed(
                    f"part {number} of {len(parts)}: {failure}; the {len(results)} objects before it are applied"
                ) from None
            results += reply.document["results"]
            if len(parts) > 1:
                note(
                    "apply",
                    f"part {number} of {len(parts)}: {part.objects:,} objects {'checked' if dry_run else 'applied'}",
                )
    return results


def _print_results(results: list[dict[str, Any]], dry_run: bool) -> None:
    """What changed, line by line, and the sums."""
    counts = Counter(str(result["outcome"]) for result in results)
    changed = [result for result in results if result["outcome"] != "unchanged"]
    if changed:
        rows = [(result["outcome"], result["kind"], full_name(result)) for result in changed]
        print_table(("OUTCOME", "KIND", "NAME"), rows)
    sums = ", ".join(
        f"{counts[outcome]:,} {outcome}"
        for outcome in ("created", "changed", "deleted", "unchanged")
        if counts[outcome]
    )
    print(f"{sums or 'nothing to apply'}{' (dry run)' if dry_run else ''}")
