"""What plays of connections share: a responder on real sockets, and a connection to it."""

import socket
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from running import Running
from scenarios.wires import SECONDS

from dnsd.answer.allowed import Allowed
from dnsd.authority.catalog import Catalog
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service


@pytest.fixture(scope="package")
def running() -> Iterator[Running]:
    """A small service and one of a thousand endpoints, on all addresses; zones go to loopback."""
    catalog = Catalog([name_from_text("cluster.local")], ["10.0.0.0/8"], ["192.0.2.53"])
    ports = (Port("http", "TCP", 80),)
    large = [Endpoint("default", "large", f"e-{n}", (f"10.0.{n >> 8}.{n & 255}",), ports) for n in range(1, 1001)]
    endpoints = [Endpoint("default", "web", "web-1", ("10.0.0.1",), ports), *large]
    catalog.load([Service("default", "web"), Service("default", "large")], endpoints, 1)
    with Running(catalog, host="0.0.0.0", transfer_to=Allowed((ip_network("127.0.0.0/8"),))) as made:
        yield made


@pytest.fixture
def door(running: Running) -> Iterator[socket.socket]:
    """A connection that sends what it is given at once."""
    with socket.create_connection(("127.0.0.1", running.port), SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection
