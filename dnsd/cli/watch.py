"""``dnsd watch``: changes as they happen, over broken connections and from replica to replica."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping
from typing import Any

from dnsd.cli.backoff import Backoff
from dnsd.cli.client import Client, Query, Refused, Unreachable
from dnsd.cli.events import Event, EventReader
from dnsd.cli.failures import CommandFailed
from dnsd.cli.options import Connection, add_connection_flags, check_labels, connection_of
from dnsd.cli.output import add_output_flag, addresses_text, document_text, full_name, note, plain, ports_text, state_of
from dnsd.runtime.clock import SystemClock

HELP = "show changes of the registry as they happen"

EPILOG = """\
examples:

  dnsd watch
  dnsd watch --namespace shop --service web
  dnsd watch --output json | jq .object.id
  dnsd watch --name _http._tcp.web.default.svc.cluster.local --type SRV --exec ./rewrite-configuration

It starts now, shows one line for each change (with --output json one JSON object on each line), and goes on after a
broken connection where it stopped, with the next server if need be. When changes were missed all the same, it says so.
Ctrl-C ends it.
"""

_GONE, _CROWDED = 410, 429


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("--namespace", metavar="NAME", help="changes in one namespace only")
    parser.add_argument(
        "--service", metavar="NAME", help="changes of services of this name and of their endpoints only"
    )
    parser.add_argument("--label", action="append", default=[], metavar="SELECTOR", help="repeatable: all must hold")
    parser.add_argument("--name", metavar="NAME", help="the answer to a DNS question, now and whenever it changes")
    parser.add_argument("--type", metavar="TYPE", help="with --name: a record type [A]")
    parser.add_argument(
        "--exec",
        metavar="COMMAND",
        help="run by the shell for what came, which is on its stdin, a JSON object a line; one at a time",
    )
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Watch until interrupted; fails at once when no server answers at the start."""
    names = [(name, getattr(arguments, name)) for name in ("namespace", "service", "name", "type")]
    check_labels(arguments.label)
    query = [(name, value) for name, value in names if value is not None]
    query += [("label", label) for label in arguments.label]
    asyncio.run(_Watcher(query, arguments.output, arguments.exec).run(connection_of(arguments)))
    return 0


class _Watcher:
    """One watch, over as many streams as it takes. ``position``: behind which event the next stream resumes."""

    def __init__(self, query: Query, output: str, command: str | None = None) -> None:
        self._query = query
        self._output = output
        self._command = command
        self._untaken: list[bytes] = []
        self._position = ""
        self._was_open = False
        self._backoff = Backoff()

    async def run(self, connection: Connection) -> None:
        """Stream after stream, for ever. Raises Refused, and Unreachable when the first one cannot be had."""
        async with Client(connection) as client:
            while True:
                try:
                    await self._stream(client)
                except Refused as refusal:
                    await self._bear(refusal)
                except Unreachable as trouble:
                    if not self._was_open:
                        raise
                    await self._pause(trouble)

    async def _stream(self, client: Client) -> None:
        """Show one stream until a reset. Raises Unreachable when it ends otherwise."""
        reader = EventReader(self._position)
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": self._position} if self._position else {})
        async with client.stream("/v1/watch", self._query, headers) as chunks:
            self._was_open = True
            async for chunk in chunks:
                self._backoff.reset()
                is_over = self._show_all(reader, chunk)
                await self._execute()
                if is_over:
                    return
                self._position = reader.last_id
        raise Unreachable("the server ended the stream")

    def _show_all(self, reader: EventReader, chunk: bytes) -> bool:
        """Show the events of a chunk; True when one of them says that the stream is at its end."""
        try:
            for event in reader.feed(chunk):
                item = json.loads(event.data)
                self._show(event, item)
                if event.kind == "reset":
                    self._miss(str(item.get("detail", "")))
                    return True
        except (ValueError, LookupError, AttributeError, TypeError):
            raise Unreachable("the server sent what is no event of dnsd's") from None
        return False

    async def _execute(self) -> None:
        """Give what came to the command. One that fails is told of; the next events are given to it all the same."""
        if self._command is None or not self._untaken:
            return
        given, self._untaken = b"".join(self._untaken), []
        process = await asyncio.create_subprocess_shell(self._command, stdin=asyncio.subprocess.PIPE)
        await process.communicate(given)
        if process.returncode:
            note("watch", f"the command ended with status {process.returncode}")

    async def _bear(self, refusal: Refused) -> None:
        """Go on after 410, from now, and after 429, later; everything else ends the watch."""
        if refusal.code == _GONE and self._position:
            self._miss(str(refusal))
        elif refusal.code == _CROWDED and self._was_open:
            await self._pause(refusal)
        else:
            raise refusal

    async def _pause(self, trouble: CommandFailed) -> None:
        note("watch", f"{trouble}; trying again")
        await SystemClock().sleep(self._backoff.next_seconds())

    def _miss(self, why: str) -> None:
        self._position = ""
        note("watch", f"changes were missed ({why}); `dnsd list` shows what stands, going on from now")

    def _show(self, event: Event, item: Mapping[str, Any]) -> None:
        line = {"event": event.kind, "id": event.last_id, "object": item}
        if self._command is not None:
            self._untaken.append(_json_line(line).encode())
        if self._output == "json":
            print(_json_line(line), end="", flush=True)
        elif self._output == "yaml":
            print(f"---\n{document_text(line, 'yaml')}", end="", flush=True)
        elif event.kind != "reset":
            print(plain(change_text(event.kind, item)), flush=True)


def _json_line(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def change_text(kind: str, item: Mapping[str, Any]) -> str:
    """One line for people: what happened to what, and what it is now."""
    if kind == "answer":
        records = ", ".join(record["data"] for record in item["answer"]) or item["status"]
        return f"answer  {item['name']} {item['type']}  {records}  revision {item['revision']}"
    parts = [f"{kind:6}", f"{item['kind']:8}", full_name(item)]
    if kind == "delete":
        parts.append(str(item.get("cause", "")))
    elif item["kind"] == "endpoint":
        parts += [addresses_text(item), ports_text(item), state_of(item)]
    else:
        parts += [item["external_name"] or ",".join(item["cluster_ips"]) or "headless", ports_text(item)]
    return f"{'  '.join(parts)}  revision {item['revision']}"
