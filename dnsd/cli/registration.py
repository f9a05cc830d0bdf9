"""An endpoint as ``register`` and ``run`` put it together from their flags, checked before anything is sent."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.options import add_endpoint_flags, endpoint_path, id_of
from dnsd.codec.document import document_of, folded
from dnsd.model.errors import InvalidRecord
from dnsd.model.names import canonical_address
from dnsd.model.service import WEIGHT_DEFAULT, Endpoint, Port

_FLAGS = {"addresses": "--address", "ports": "--port", "lease_seconds": "--lease"}
_BODY_FIELDS = ("addresses", "ports", "weight", "priority", "lease_seconds")


@dataclass(frozen=True, slots=True)
class Registration:
    """What is put where: the API's path, the body of the PUT, and the endpoint that both stand for."""

    path: str
    body: dict[str, Any]
    endpoint: Endpoint

    @property
    def title(self) -> str:
        """How people call it."""
        return "/".join(self.endpoint.key)


def add_registration_flags(parser: argparse.ArgumentParser, lease_default: int | None) -> None:
    """Teach ``parser`` what there is to say of an endpoint."""
    add_endpoint_flags(parser)
    group = parser.add_argument_group("what is registered")
    group.add_argument(
        "--address",
        action="append",
        metavar="ADDR",
        help="IPv4 or IPv6; repeatable [the one from which the server is reached]",
    )
    group.add_argument("--weight", type=int, default=WEIGHT_DEFAULT, metavar="N", help="share among its equals [100]")
    group.add_argument("--priority", type=int, default=0, metavar="N", help="lower ones are preferred [0]")
    shown = "none: permanent" if lease_default is None else lease_default
    group.add_argument(
        "--lease",
        type=int,
        default=lease_default,
        metavar="SECONDS",
        help=f"it vanishes so long after its last renewal [{shown}]",
    )


def registration_of(arguments: argparse.Namespace, servers: Sequence[str]) -> Registration:
    """The endpoint that the flags describe. Raises WrongCall with all faults; CommandFailed without an address."""
    given = arguments.address or [address_towards(servers)]
    try:
        endpoint = Endpoint(
            namespace=folded(arguments.namespace),
            service=folded(arguments.service),
            id=id_of(arguments),
            addresses=tuple(_canonical(text) for text in given),
            ports=tuple(Port(**port) for port in arguments.port),
            weight=arguments.weight,
            priority=arguments.priority,
            lease_seconds=arguments.lease,
        )
    except InvalidRecord as refusal:
        raise WrongCall("; ".join(f"{_flag(fault.pointer)}: {fault.reason}" for fault in refusal.faults)) from None
    document = document_of(endpoint)
    return Registration(endpoint_path(arguments), {name: document[name] for name in _BODY_FIELDS}, endpoint)


def address_towards(servers: Sequence[str]) -> str:
    """Our address on the way to the first server whose name resolves: nothing is sent to find it out."""
    troubles = []
    for server in servers:
        parts = urlsplit(server)
        try:
            return next(_addresses_towards(cast(str, parts.hostname), parts.port or 443))
        except (OSError, StopIteration) as fault:
            troubles.append(f"{server}: {fault.strerror if isinstance(fault, OSError) else 'no route'}")
    raise CommandFailed(f"give --address: none is known from which the server is reached ({'; '.join(troubles)})")


def _addresses_towards(host: str, port: int) -> Iterator[str]:
    for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM):
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.connect(place)
                yield str(probe.getsockname()[0]).partition("%")[0]
        except OSError:
            continue


def _canonical(text: str) -> str:
    try:
        return canonical_address(text)
    except ValueError:
        return text


def _flag(pointer: str) -> str:
    """The flag that gave a field of the model."""
    field = pointer.split("/")[1]
    return _FLAGS.get(field, f"--{field}")
