"""What tests of the authority share: short ways to write services, endpoints and what they make."""

from collections.abc import Callable
from typing import Any

import pytest

from dnsd.authority.form import Answer
from dnsd.authority.table import Table
from dnsd.authority.zone import Zone
from dnsd.codec.zonefile import read_zone
from dnsd.model import rdata
from dnsd.model.names import name_from_text, name_to_text
from dnsd.model.rrset import ZoneData
from dnsd.model.service import Endpoint, Port


@pytest.fixture
def zone() -> Zone:
    """A zone of the registry."""
    return a_zone("cluster.local")


@pytest.fixture
def make_zone() -> Callable[[str], Zone]:
    return a_zone


@pytest.fixture
def make_endpoint() -> Callable[..., Endpoint]:
    """``make_endpoint("web-1", "10.0.0.1", weight=5)``: an endpoint of default/web with the port http/TCP/8080."""
    return an_endpoint


@pytest.fixture
def make_static() -> Callable[[str, str], ZoneData]:
    """``make_static("example.org", text)``: a static zone; SOA and NS are put before the text."""
    return a_static_zone


@pytest.fixture
def shape() -> Callable[[Table], dict[str, str]]:
    """A table as name -> origin of its zone, kind and how many records of each key."""
    return a_shape


def a_zone(origin: str) -> Zone:
    apex = name_from_text(origin)
    return Zone(apex, rdata.Soa(apex, apex, 1), 5, follows_revision=True)


def an_endpoint(id: str, *addresses: str, service: str = "web", **fields: Any) -> Endpoint:  # noqa: A002
    fields.setdefault("ports", (Port("http", "TCP", 8080),))
    return Endpoint("default", service, id, addresses, **fields)


def a_static_zone(origin: str, text: str) -> ZoneData:
    head = "$TTL 300\n@ SOA ns.invalid. hostmaster.invalid. 7 3600 600 86400 60\n@ NS ns.invalid.\n"
    return read_zone(head + text, f"{origin}.zone", name_from_text(origin)).data


def a_shape(table: Table) -> dict[str, str]:
    return {
        name_to_text(owner): f"{name_to_text(node.zone.origin)} {node.kind.name} {_counts(node.answers)}".rstrip()
        for owner, node in table.nodes.items()
    }


def _counts(answers: dict[bytes, Answer]) -> str:
    return " ".join(f"{key.hex() or 'referral'}:{answer.count}" for key, answer in sorted(answers.items()))
