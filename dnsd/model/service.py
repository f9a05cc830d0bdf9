"""Services and their endpoints: the values a registry holds. Each checks itself at birth and names every fault at once.

Invariant: labels are in lower case and addresses in canonical text; the doors fold before they build one of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Literal, get_args

from dnsd.model import names
from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.health import Failing, HealthCheck, health_faults
from dnsd.model.lease import LEASE_SECONDS_DEFAULT, LEASE_SECONDS_LEAST, LEASE_SECONDS_MOST

Protocol = Literal["TCP", "UDP", "SCTP"]
WhenEmpty = Literal["nodata", "nxdomain", "servfail", "last_known"]

PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
WHEN_EMPTY: tuple[WhenEmpty, ...] = get_args(WhenEmpty)
TTL_SECONDS_DEFAULT = 5
TTL_SECONDS_MOST = 3600
SLOW_START_SECONDS_MOST = 3600
METADATA_OCTETS_DEFAULT = 1024
METADATA_OCTETS_MOST = 16_384
"""Of one endpoint, whatever the quota."""
MIN_KEPT_MOST = 1000
"""As many endpoints as a service may have by default."""
WEIGHT_DEFAULT = 100
UINT16_MOST = 65_535

ServiceKey = tuple[str, str]
"""Namespace and name."""
EndpointKey = tuple[str, str, str]
"""Namespace, service and id."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port of an endpoint: ``name`` ("" when it has none), ``protocol``, ``port`` 1 to 65535."""

    name: str
    protocol: Protocol
    port: int


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a service. ``target_port`` names or numbers the endpoints' port behind it; None: the same name."""

    name: str
    protocol: Protocol
    port: int
    target_port: str | int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A named set of endpoints. No ``cluster_ips``: headless. ``declared`` False: it goes with its last endpoint.
    ``slow_start_seconds``: so long the weight of a new endpoint rises to its own; 0: at once.
    ``min_kept``: its last so many endpoints stay although their leases run out; a delete removes them all the same.
    ``health``: how its endpoints are checked; None: they are not.

    ``revision`` is that of its last change, ``generation`` that of its creation; neither takes part in comparison.
    Raises InvalidRecord.
    """

    namespace: str
    name: str
    ports: tuple[ServicePort, ...] = ()
    cluster_ips: tuple[str, ...] = ()
    external_name: str | None = None
    ttl_seconds: int = TTL_SECONDS_DEFAULT
    when_empty: WhenEmpty = "nodata"
    publish_not_ready: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    declared: bool = True
    revision: int = field(default=0, compare=False)
    generation: int = field(default=0, compare=False)
    slow_start_seconds: int = 0
    min_kept: int = 0
    health: HealthCheck | None = None

    def __post_init__(self) -> None:
        if not _is_plain(self):
            _raise_any(_service_faults(self))

    @property
    def key(self) -> ServiceKey:
        """What identifies it."""
        return self.namespace, self.name


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One instance of a service. ``lease_seconds`` None: permanent. ``failing``: what its health check found wrong.
    Raises InvalidRecord.

    ``revision`` is that of its last change, ``generation`` that of its creation; neither takes part in comparison.
    """

    namespace: str
    service: str
    id: str
    addresses: tuple[str, ...]
    ports: tuple[Port, ...] = ()
    weight: int = WEIGHT_DEFAULT
    priority: int = 0
    hostname: str | None = None
    ready: bool = True
    draining: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    lease_seconds: int | None = LEASE_SECONDS_DEFAULT
    revision: int = field(default=0, compare=False)
    generation: int = field(default=0, compare=False)
    failing: Failing | None = None

    def __post_init__(self) -> None:
        if not _is_plainly_sound(self):
            _raise_any(_endpoint_faults(self))

    @property
    def key(self) -> EndpointKey:
        """What identifies it."""
        return self.namespace, self.service, self.id

    def at(self, revision: int, generation: int) -> Endpoint:
        """The same as of these, which have no rules: it is not checked again, in a third of the time of a new one."""
        twin = object.__new__(Endpoint)
        for name, value in zip(Endpoint.__slots__, _fields_of(self), strict=True):
            _set(twin, name, value)
        _set(twin, "revision", revision)
        _set(twin, "generation", generation)
        return twin

    @property
    def service_key(self) -> ServiceKey:
        """The service it belongs to."""
        return self.namespace, self.service

    def hostname_for(self, address: str) -> str:
        """Its label below the service: ``hostname``, else the id when that is a label, else the dashed address."""
        if self.hostname is not None:
            return self.hostname
        folded = self.id.lower()
        return folded if names.is_label(folded) else names.dashed(address)


_fields_of = attrgetter(*Endpoint.__slots__)
_set = object.__setattr__


def _raise_any(faults: Iterable[Fault]) -> None:
    found = tuple(faults)
    if found:
        raise InvalidRecord(*found)


def _service_faults(service: Service) -> Iterable[Fault]:
    yield from _label_fault("/namespace", service.namespace)
    yield from _label_fault("/name", service.name)
    for index, port in enumerate(service.ports):
        yield from _port_faults(f"/ports/{index}", port)
        if isinstance(port.target_port, int):
            yield from _range_fault(f"/ports/{index}/target_port", port.target_port, 1, UINT16_MOST)
        elif port.target_port is not None and not names.is_port_name(port.target_port):
            yield Fault(f"/ports/{index}/target_port", f"{port.target_port!r} is neither a port's name nor a number")
    yield from _repeated_port_faults(service.ports)
    for index, address in enumerate(service.cluster_ips):
        yield from _address_fault(f"/cluster_ips/{index}", address)
    if service.external_name is not None:
        yield from _external_name_faults(service, service.external_name)
    yield from _range_fault("/ttl_seconds", service.ttl_seconds, 0, TTL_SECONDS_MOST)
    yield from _range_fault("/slow_start_seconds", service.slow_start_seconds, 0, SLOW_START_SECONDS_MOST)
    yield from _range_fault("/min_kept", service.min_kept, 0, MIN_KEPT_MOST)
    if service.health is not None:
        yield from health_faults(service.health)
    if service.when_empty not in WHEN_EMPTY:
        yield Fault("/when_empty", f"{service.when_empty!r} is none of {', '.join(WHEN_EMPTY)}")


def _is_plain(service: Service) -> bool:
    """True when a quick look shows that its name, a sound one, is all it has: so with those that endpoints declare."""
    return (
        not (service.ports or service.cluster_ips or service.slow_start_seconds or service.min_kept)
        and service.external_name is None
        and service.health is None
        and service.ttl_seconds == TTL_SECONDS_DEFAULT
        and service.when_empty == "nodata"
        and _are_labels(service.namespace, service.name)
    )


def _is_plainly_sound(endpoint: Endpoint) -> bool:
    """True when a quick look shows that there is no fault: in a fifth of the time that the search for them takes."""
    lease = endpoint.lease_seconds
    return (
        _are_labels(endpoint.namespace, endpoint.service)
        and names.is_endpoint_id(endpoint.id)
        and bool(endpoint.addresses)
        and all(map(names.is_canonical_address, endpoint.addresses))
        and all(map(_is_sound_port, endpoint.ports))
        and (len(endpoint.ports) < 2 or not any(_repeated_port_faults(endpoint.ports)))
        and type(endpoint.weight) is type(endpoint.priority) is int
        and 0 <= endpoint.weight <= UINT16_MOST
        and 0 <= endpoint.priority <= UINT16_MOST
        and (endpoint.hostname is None or names.is_label(endpoint.hostname))
        and (lease is None or (type(lease) is int and LEASE_SECONDS_LEAST <= lease <= LEASE_SECONDS_MOST))
    )


@lru_cache(maxsize=4096)
def _are_labels(namespace: str, service: str) -> bool:
    return names.is_label(namespace) and names.is_label(service)


def _is_sound_port(port: Port) -> bool:
    return (
        type(port.port) is int
        and 1 <= port.port <= UINT16_MOST
        and port.protocol in PROTOCOLS
        and (not port.name or names.is_port_name(port.name))
    )


def _endpoint_faults(endpoint: Endpoint) -> Iterable[Fault]:
    yield from _label_fault("/namespace", endpoint.namespace)
    yield from _label_fault("/service", endpoint.service)
    if not names.is_endpoint_id(endpoint.id):
        yield Fault("/id", f"{endpoint.id!r} is not 1 to 128 of A-Z a-z 0-9 . _ : -")
    if not endpoint.addresses:
        yield Fault("/addresses", "an endpoint needs at least one address")
    for index, address in enumerate(endpoint.addresses):
        yield from _address_fault(f"/addresses/{index}", address)
    for index, port in enumerate(endpoint.ports):
        yield from _port_faults(f"/ports/{index}", port)
    yield from _repeated_port_faults(endpoint.ports)
    yield from _range_fault("/weight", endpoint.weight, 0, UINT16_MOST)
    yield from _range_fault("/priority", endpoint.priority, 0, UINT16_MOST)
    if endpoint.hostname is not None:
        yield from _label_fault("/hostname", endpoint.hostname)
    if endpoint.lease_seconds is not None:
        yield from _range_fault("/lease_seconds", endpoint.lease_seconds, LEASE_SECONDS_LEAST, LEASE_SECONDS_MOST)


def _label_fault(pointer: str, text: str) -> Iterable[Fault]:
    if not names.is_label(text):
        yield Fault(pointer, f"{text!r} is not a label: 1 to 63 of a-z 0-9 -, no dash at either end (RFC 1123)")


def _range_fault(pointer: str, number: int, least: int, most: int) -> Iterable[Fault]:
    if isinstance(number, bool) or not least <= number <= most:
        yield Fault(pointer, f"{number} is not in {least} to {most}")


def _address_fault(pointer: str, text: str) -> Iterable[Fault]:
    try:
        canonical = names.canonical_address(text)
    except ValueError as fault:
        yield Fault(pointer, str(fault))
        return
    if canonical != text:
        yield Fault(pointer, f"{text!r} must be written {canonical}")


def _port_faults(pointer: str, port: Port | ServicePort) -> Iterable[Fault]:
    if port.name and not names.is_port_name(port.name):
        yield Fault(f"{pointer}/name", f"{port.name!r} is not 1 to 62 of a-z 0-9 -, no dash at either end")
    if port.protocol not in PROTOCOLS:
        yield Fault(f"{pointer}/protocol", f"{port.protocol!r} is none of {', '.join(PROTOCOLS)}")
    yield from _range_fault(f"{pointer}/port", port.port, 1, UINT16_MOST)


def _repeated_port_faults(ports: Iterable[Port | ServicePort]) -> Iterable[Fault]:
    seen = set()
    for index, port in enumerate(ports):
        identity = (port.name, port.protocol) if port.name else ("", port.protocol, port.port)
        if identity in seen:
            what = f"named {port.name!r}" if port.name else f"number {port.port}"
            yield Fault(f"/ports/{index}", f"a second {port.protocol} port {what}")
        seen.add(identity)


def _external_name_faults(service: Service, external_name: str) -> Iterable[Fault]:
    if service.cluster_ips:
        yield Fault("/external_name", "a service has cluster_ips or an external_name, not both")
    try:
        if names.name_from_text(external_name) == names.ROOT:
            yield Fault("/external_name", "the root is not a host")
    except ValueError as fault:
        yield Fault("/external_name", str(fault))
