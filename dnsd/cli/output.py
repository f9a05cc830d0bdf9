"""What commands print: tables for people, JSON for programs, notes on stderr."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def add_output_flag(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` the choice between people and programs."""
    parser.add_argument(
        "-o",
        "--output",
        choices=("table", "json", "yaml"),
        default="table",
        help="table for people, json or yaml for programs",
    )


def forget_stdout() -> None:
    """Let what is printed, and what waits in the buffer, go nowhere: nobody reads it, or there is no room for it."""
    if sys.stdout is not None:  # as it is where a shell's ``>&-`` has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_document(document: object, output: str) -> None:
    """A document for programs: JSON over several lines, or YAML."""
    print(document_text(document, output), end="")


def document_text(document: object, output: str) -> str:
    """The document as ``json`` or ``yaml``, with the last line's end."""
    if output == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    import yaml  # not for those who only serve

    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    return text


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns under their titles, each as wide as its widest cell."""
    for line in table_lines([titles, *rows]):
        print(line)


def table_lines(rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Rows in columns, each as wide as its widest cell."""
    cells = [[plain(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def note(command: str, text: str) -> None:
    """A line for people on stderr, such as progress; programs need not read it."""
    print(f"dnsd {command}: {plain(text)}", file=sys.stderr, flush=True)


def plain(text: str) -> str:
    """Text that came from elsewhere, safe for a terminal: what cannot be printed is escaped."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def full_name(item: Mapping[str, Any]) -> str:
    """``namespace/service`` or ``namespace/service/id``, as the objects of the API name themselves."""
    service = item.get("service") or item.get("name", "")
    return "/".join(str(part) for part in (item["namespace"], service, item.get("id")) if part)


def ports_text(item: Mapping[str, Any]) -> str:
    """``http=8080,dns=53/udp``: the form that ``--port`` takes."""
    return ",".join(_port_text(port) for port in item["ports"]) or "-"


def addresses_text(item: Mapping[str, Any]) -> str:
    """All addresses of an endpoint."""
    return ",".join(item["addresses"])


def state_of(item: Mapping[str, Any]) -> str:
    """``ready``, ``not-ready``, ``draining`` or ``failing``: the words that ``--state`` takes."""
    if item["draining"]:
        return "draining"
    if not item["ready"]:
        return "not-ready"
    return "failing" if item.get("failing") else "ready"


def lease_text(item: Mapping[str, Any]) -> str:
    """How long an endpoint's lease is, and what is left of it where the server said so."""
    if item["lease_seconds"] is None:
        return "permanent"
    remaining = (item.get("lease") or {}).get("remaining_seconds")
    return f"{item['lease_seconds']} s" if remaining is None else f"{remaining} of {item['lease_seconds']} s"


def _port_text(port: Mapping[str, Any]) -> str:
    name = f"{port['name']}=" if port["name"] else ""
    protocol = "" if port["protocol"] == "TCP" else f"/{port['protocol'].lower()}"
    return f"{name}{port['port']}{protocol}"
