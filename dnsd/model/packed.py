"""Services and endpoints as plain values and back, in a tenth of the time that their documents take.

What comes back is not checked again: it was when it was made. So this is for what we wrote ourselves, and can tell
from what others wrote.
"""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import Any

from dnsd.model.health import HealthCheck
from dnsd.model.service import Endpoint, Port, Service, ServicePort

PackedEndpoint = tuple[Any, ...]
"""The fields of an endpoint, its ports as tuples of theirs."""
PackedService = tuple[Any, ...]
"""The fields of a service, its ports and its health check as tuples of theirs."""

_endpoint_fields = attrgetter(*Endpoint.__slots__)
_service_fields = attrgetter(*Service.__slots__)
_port_fields = attrgetter(*Port.__slots__)
_service_port_fields = attrgetter(*ServicePort.__slots__)
_health_fields = attrgetter(*HealthCheck.__slots__)
_ENDPOINT_SETTERS = tuple([getattr(Endpoint, name).__set__ for name in Endpoint.__slots__])
_PORTS_AT = Endpoint.__slots__.index("ports")
_METADATA_AT = Endpoint.__slots__.index("metadata")
_PORTS_KEPT = 1024


def pack_endpoint(endpoint: Endpoint) -> PackedEndpoint:
    """All of it, as values that marshal can write."""
    fields = list(_endpoint_fields(endpoint))
    fields[_PORTS_AT] = _packed_ports(endpoint.ports)
    fields[_METADATA_AT] = dict(endpoint.metadata)
    return tuple(fields)


def unpack_endpoint(packed: PackedEndpoint) -> Endpoint:
    """What :func:`pack_endpoint` was given."""
    endpoint = object.__new__(Endpoint)
    for put, value in zip(_ENDPOINT_SETTERS, packed, strict=True):
        put(endpoint, value)
    _ENDPOINT_SETTERS[_PORTS_AT](endpoint, _ports(packed[_PORTS_AT]))
    return endpoint


def pack_service(service: Service) -> PackedService:
    """All of it, as values that marshal can write."""
    fields = dict(zip(Service.__slots__, _service_fields(service), strict=True))
    fields["ports"] = tuple([_service_port_fields(port) for port in service.ports])
    fields["labels"] = dict(service.labels)
    fields["health"] = None if service.health is None else _health_fields(service.health)
    return tuple(fields.values())


def unpack_service(packed: PackedService) -> Service:
    """What :func:`pack_service` was given."""
    fields = dict(zip(Service.__slots__, packed, strict=True))
    fields["ports"] = tuple([ServicePort(*port) for port in fields["ports"]])
    fields["health"] = None if fields["health"] is None else HealthCheck(*fields["health"])
    return Service(**fields)


@lru_cache(maxsize=_PORTS_KEPT)
def _packed_ports(ports: tuple[Port, ...]) -> tuple[tuple[Any, ...], ...]:
    return tuple([_port_fields(port) for port in ports])


@lru_cache(maxsize=_PORTS_KEPT)
def _ports(packed: tuple[tuple[Any, ...], ...]) -> tuple[Port, ...]:
    """Most endpoints of a service have the same ones: they share them."""
    return tuple([Port(*port) for port in packed])
