"""Flags that several commands share: which server, with what token; which endpoint."""

from __future__ import annotations

import argparse
import os
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from dnsd.cli.failures import WrongCall
from dnsd.codec.selector import selector_from_text

SERVER_DEFAULT = "http://127.0.0.1:8053"
NAMESPACE_DEFAULT = "default"
TOKEN_OCTETS_MOST = 4096

_TOKEN = re.compile(r"[\x21-\x7e]+")
_LABEL_OCTETS_MOST = 63
_NOT_FOR_AN_ID = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the running dnsd is: base URLs in the order in which they are tried, and how to be let in."""

    servers: tuple[str, ...]
    token: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


def add_connection_flags(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` how to reach a running dnsd."""
    group = parser.add_argument_group("the server")
    group.add_argument(
        "--server",
        action="append",
        metavar="URL",
        help=f"an admin API; repeatable: the next is taken when one fails [DNSD_SERVER; {SERVER_DEFAULT}]",
    )
    group.add_argument("--ca-file", metavar="FILE", help="certificates to trust for https://")
    group.add_argument("--client-cert", metavar="FILE", help="our certificate for https://, as PEM, with its key or")
    group.add_argument("--client-key", metavar="FILE", help="with the key in this file")
    group.add_argument("--token-file", metavar="FILE", help="a file that holds the access token [or DNSD_TOKEN]")


def connection_of(arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> Connection:
    """The connection that flags and environment describe. Raises WrongCall."""
    given: Sequence[str] = arguments.server or environ.get("DNSD_SERVER", "").split(",")
    servers = tuple(_checked_server(url) for text in given if (url := text.strip())) or (SERVER_DEFAULT,)
    ca_file = arguments.ca_file
    if ca_file is not None and not Path(ca_file).is_file():
        raise WrongCall(f"--ca-file {ca_file}: no such file")
    cert, key = arguments.client_cert, arguments.client_key
    if key is not None and cert is None:
        raise WrongCall("--client-key is of use only with --client-cert")
    return Connection(servers, _token(arguments.token_file, environ), ca_file, cert, key)


def add_endpoint_flags(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` how to name one endpoint."""
    group = parser.add_argument_group("the endpoint")
    group.add_argument("--service", required=True, metavar="NAME", help="the service it belongs to")
    group.add_argument("--namespace", default=NAMESPACE_DEFAULT, metavar="NAME", help="[default]")
    group.add_argument("--id", metavar="ID", help="its name within the service [host name and first port: web1-8080]")
    group.add_argument(
        "--port",
        action="append",
        default=[],
        type=port_of,
        metavar="NAME=NUMBER",
        help="a port, TCP unless written http=80/udp; a bare number has no name; repeatable",
    )


def check_labels(texts: Iterable[str]) -> None:
    """Raises WrongCall for a ``--label`` that is no selector."""
    for text in texts:
        try:
            selector_from_text(text)
        except ValueError as fault:
            raise WrongCall(f"--label: {fault}") from None


def port_of(text: str) -> dict[str, object]:
    """A port as ``NAME=NUMBER``, ``NUMBER``, or either with ``/tcp``, ``/udp`` or ``/sctp`` behind it."""
    place, _, protocol = text.partition("/")
    name, _, number = place.rpartition("=")
    if not (number.isascii() and number.isdigit() and len(number) <= 5):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER, such as http=8080")
    return {"name": name.lower(), "protocol": protocol.upper() or "TCP", "port": int(number)}


def id_of(arguments: argparse.Namespace) -> str:
    """The endpoint's id: as given, or host name and first port, as one label so that it is a host name in DNS too."""
    if arguments.id is not None:
        return str(arguments.id)
    suffix = f"-{arguments.port[0]['port']}" if arguments.port else ""
    host = _NOT_FOR_AN_ID.sub("-", socket.gethostname().split(".")[0].lower()).strip("-") or "host"
    return f"{host[: _LABEL_OCTETS_MOST - len(suffix)].rstrip('-')}{suffix}"


def service_path(namespace: str, service: str) -> str:
    """The API's path of a service."""
    return f"/v1/namespaces/{quote(namespace, safe='')}/services/{quote(service, safe='')}"


def endpoint_path(arguments: argparse.Namespace) -> str:
    """The API's path of the endpoint that the flags name."""
    return f"{service_path(arguments.namespace, arguments.service)}/endpoints/{quote(id_of(arguments), safe='')}"


def _checked_server(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or parts.query or parts.fragment or parts.username:
        raise WrongCall(f"server {url!r} is not a URL like {SERVER_DEFAULT}")
    return url.rstrip("/")


def _token(file: str | None, environ: Mapping[str, str]) -> str | None:
    """The token of the file, else of DNSD_TOKEN; the file may end in a newline."""
    origin, text = "DNSD_TOKEN", environ.get("DNSD_TOKEN") or None
    if file is not None:
        origin = f"--token-file {file}"
        try:
            text = Path(file).read_bytes()[: TOKEN_OCTETS_MOST + 1].decode("ascii").strip()
        except OSError as fault:
            raise WrongCall(f"{origin}: {fault.strerror}") from None
        except UnicodeDecodeError:
            text = ""
    if text is not None and (len(text) > TOKEN_OCTETS_MOST or not _TOKEN.fullmatch(text)):
        raise WrongCall(f"{origin} holds no token: one word of printable ASCII")
    return text
