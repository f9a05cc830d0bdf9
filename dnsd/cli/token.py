"""``dnsd token``: who may call the admin API. A token's text is shown once; it never stands on a command line."""

from __future__ import annotations

import argparse
import os
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dnsd.cli.calling import call
from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.options import add_connection_flags
from dnsd.cli.output import add_output_flag, note, print_document, print_table
from dnsd.model.grant import VERBS
from dnsd.model.token import ID_OCTETS, SECRET_OCTETS, token_text

HELP = "make, list and revoke tokens of the admin API"

EPILOG = """\
examples:

  dnsd token bootstrap --file /etc/dnsd/root.token      (the first token; then root_token_file and tokens = true)
  export DNSD_TOKEN=$(cat /etc/dnsd/root.token)
  dnsd token create --name ci --verb read --verb register --namespace shop --address 10.0.0.0/8 --expires 90d
  dnsd token create --name prometheus --verb read --subject 'CN=prometheus,O=acme'     (a client certificate's)
  dnsd token create --name web --grant register,drain:shop:web-* --grant read:shop:* --file web.token
  dnsd token list
  dnsd token revoke 0123456789abcdef

In a namespace or a service * stands for any run of characters. Without --address all addresses but loopback may be
registered. With --file the token is written there (mode 600) and not shown.
"""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_TITLES = ("ID", "NAME", "GRANTS", "EXPIRES")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("action", choices=("bootstrap", "create", "list", "revoke"))
    parser.add_argument("id", nargs="?", metavar="ID", help="of revoke: the public id")
    parser.add_argument("--name", help="of create: whose it is, for people")
    parser.add_argument("--verb", action="append", default=[], choices=VERBS, help="what it may do; repeatable")
    parser.add_argument("--namespace", metavar="PATTERN", help="in which namespaces [*]")
    parser.add_argument("--match", metavar="PATTERN", help="on which services [*]")
    parser.add_argument("--address", action="append", default=[], metavar="CIDR", help="may be registered; repeatable")
    parser.add_argument(
        "--grant",
        action="append",
        default=[],
        metavar="VERBS:NAMESPACE:SERVICE[:CIDR,CIDR]",
        help="one more grant, all in one word; repeatable",
    )
    parser.add_argument("--expires", metavar="TIME", help="how long it is good: 90d, 12h, 30m, 60s [for ever]")
    parser.add_argument("--subject", metavar="NAME", help="it stands for the client certificate of this subject")
    parser.add_argument("--file", metavar="FILE", help="write the token there, mode 600, in place of showing it")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Do it; 0 when it is done."""
    if (arguments.action == "revoke") != (arguments.id is not None):
        raise WrongCall("an ID goes with revoke: dnsd token revoke ID")
    {"bootstrap": _bootstrap, "create": _create, "list": _list, "revoke": _revoke}[arguments.action](arguments)
    return 0


def _bootstrap(arguments: argparse.Namespace) -> None:
    """A root token in a file of its own; no server is needed."""
    if arguments.file is None:
        raise WrongCall("say where: dnsd token bootstrap --file FILE")
    text = token_text(secrets.token_hex(ID_OCTETS), secrets.token_urlsafe(SECRET_OCTETS))
    _write_new(arguments.file, text)
    note("token", f"written to {arguments.file}; set root_token_file to it and tokens = true, on each replica")


def _create(arguments: argparse.Namespace) -> None:
    if not arguments.name:
        raise WrongCall("--name is missing: whose is it?")
    if arguments.file is not None and Path(arguments.file).exists():
        raise WrongCall(f"--file {arguments.file}: exists already")
    body: dict[str, object] = {"name": arguments.name, "grants": _grants(arguments)}
    if arguments.expires is not None:
        body["expires_seconds"] = _seconds(arguments.expires)
    if arguments.subject is not None:
        body["subject"] = arguments.subject
    made = call(arguments, "POST", "/v1/tokens", body)
    if arguments.file is not None and made["token"] is not None:
        _write_new(arguments.file, made.pop("token"))
    if arguments.output != "table":
        print_document(made, arguments.output)
    elif made.get("token"):
        print(made["token"])
        note("token", f"{made['id']}, for {made['name']}; it is not shown again")
    else:
        note("token", f"{made['id']}, for {made['name']}")


def _list(arguments: argparse.Namespace) -> None:
    found = call(arguments, "GET", "/v1/tokens")
    if arguments.output != "table":
        print_document(found, arguments.output)
        return
    rows = [(item["id"], _named(item), _granted(item["grants"]), _until(item["expires_at"])) for item in found["items"]]
    print_table(_TITLES, rows)


def _revoke(arguments: argparse.Namespace) -> None:
    if not re.fullmatch(r"[0-9a-f]{16}", arguments.id):
        raise WrongCall("an ID has 16 hexadecimal digits; `dnsd token list` shows it (never the token itself)")
    gone = call(arguments, "DELETE", f"/v1/tokens/{arguments.id}")
    if arguments.output != "table":
        print_document(gone, arguments.output)
    else:
        note("token", f"{gone['id']}, for {gone['name']}, is revoked")


def _grants(arguments: argparse.Namespace) -> list[dict[str, object]]:
    grants = [_grant_of(text) for text in arguments.grant]
    if arguments.verb:
        own = {"verbs": arguments.verb, "namespace": arguments.namespace, "service": arguments.match}
        own["addresses"] = arguments.address or None
        grants.append({name: value for name, value in own.items() if value is not None})
    elif arguments.namespace or arguments.match or arguments.address:
        raise WrongCall("--namespace, --match and --address go with --verb")
    if not grants:
        raise WrongCall(f"what may it do? --verb {'|'.join(VERBS)}, or --grant")
    return grants


def _grant_of(text: str) -> dict[str, object]:
    parts = text.split(":", 3)
    if len(parts) < 3 or not all(parts):
        raise WrongCall(f"--grant {text}: write VERBS:NAMESPACE:SERVICE, such as read,register:shop:*")
    grant: dict[str, object] = {"verbs": parts[0].split(","), "namespace": parts[1], "service": parts[2]}
    return grant | ({"addresses": parts[3].split(",")} if parts[3:] else {})


def _seconds(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if match is None:
        raise WrongCall(f"--expires {text}: write 90d, 12h, 30m or 60s")
    return int(match[1]) * _UNITS[match[2]]


def _write_new(path: str, text: str) -> None:
    """A new file that we alone may read."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{text}\n")
    except OSError as fault:
        raise CommandFailed(f"--file {path}: {fault.strerror}") from None


def _named(item: Mapping[str, Any]) -> str:
    return f"{item['name']} ({item['subject']})" if item["subject"] else str(item["name"])


def _granted(grants: list[dict[str, Any]]) -> str:
    return "; ".join(_granted_once(grant) for grant in grants)


def _granted_once(grant: Mapping[str, Any]) -> str:
    """In the form that ``--grant`` takes."""
    words = [",".join(grant["verbs"]), grant["namespace"], grant["service"]]
    return ":".join(words + ([",".join(grant["addresses"])] if grant["addresses"] else []))


def _until(expires_at: int | None) -> str:
    if expires_at is None:
        return "never"
    return datetime.fromtimestamp(expires_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
