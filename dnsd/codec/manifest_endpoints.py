"""Kubernetes v1 Endpoints and discovery.k8s.io/v1 EndpointSlice into our Endpoints: permanent, one an address.

Invariant: an Endpoint's id is its address, so that its host name is Kubernetes' dashed form unless it has one. Where
Kubernetes lists one address with different numbers for the same port, or with several host names, each further one is
an Endpoint of its own, with ``-2``, ``-3`` and so on behind the address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from dnsd.codec.document import folded
from dnsd.codec.manifest_fields import Fields, Places, relocated
from dnsd.codec.manifest_service import (
    folded_address,
    name_of,
    namespace_of,
    port_name_of,
    port_number_of,
    protocol_of,
)
from dnsd.model import names
from dnsd.model.service import Endpoint, EndpointKey, Port

PORTS_MOST = 100
"""Of one address; what Kubernetes allows a slice. Keeps the work linear in the text."""
APART_MOST = 100
"""Endpoints that share an address within one service."""

_SERVICE_LABEL = "kubernetes.io/service-name"
_FAMILIES = ("IPv4", "IPv6")


@dataclass(frozen=True, slots=True)
class Part:
    """What one list of a manifest says of one address; parts of the same address become one Endpoint."""

    endpoint: Endpoint
    fields: Fields
    """Where it stands, for faults."""


def parts_of_endpoints(manifest: Fields) -> Iterator[Part]:
    """The parts of a v1 Endpoints object, which is named like its service."""
    metadata = manifest.fields("metadata")
    owner = _owner(metadata, name_of(metadata), metadata.at("name"))
    for subset in manifest.each("subsets"):
        ports = _ports(subset, may_be_every=False)
        for list_name, is_ready in (("addresses", True), ("notReadyAddresses", False)):
            for entry in subset.each(list_name):
                if not (address := entry.text("ip")) and entry.given("ip") in (None, ""):
                    entry.fault("ip", "is missing")
                if address:
                    yield from _part(owner, entry, entry.at("ip"), address, ports, is_ready)


def parts_of_slice(manifest: Fields) -> Iterator[Part]:
    """The parts of an EndpointSlice; its label ``kubernetes.io/service-name`` says whose they are."""
    metadata = manifest.fields("metadata")
    labels = metadata.fields("labels")
    service = folded(labels.text(_SERVICE_LABEL))
    if not service and labels.given(_SERVICE_LABEL) in (None, ""):
        labels.fault(_SERVICE_LABEL, "is missing: it names the service that the slice belongs to")
    owner = _owner(metadata, service or "nameless", labels.at(_SERVICE_LABEL))
    name_of(metadata)
    family = _family(manifest)
    ports = _ports(manifest, may_be_every=True)
    if family is None:
        return
    for entry in manifest.each("endpoints"):
        is_ready = entry.fields("conditions").flag("ready", default=True)
        for pointer, address in entry.texts("addresses"):
            if _is_of_family(address, family):
                yield from _part(owner, entry, pointer, address, ports, is_ready)
            else:
                entry.subject.fault(pointer, f"{address!r} is not {family}, which addressType promises", entry.line)


def united(parts: Iterable[Part]) -> Iterator[Endpoint]:
    """One Endpoint an address of a service: its ports together, ready when one part says so."""
    by_address: dict[EndpointKey, list[_Union]] = {}
    for part in parts:
        standing = by_address.setdefault(part.endpoint.key, [])
        if any(union.take(part.endpoint) for union in standing):
            continue
        if len(standing) < APART_MOST:
            standing.append(_Union(part.endpoint, len(standing) + 1))
        else:
            part.fields.fault_here(f"address {part.endpoint.id} has more than {APART_MOST} different sets of ports")
    for standing in by_address.values():
        for union in standing:
            yield union.endpoint()


@dataclass(frozen=True, slots=True)
class _Owner:
    """The service that endpoints belong to, and where the manifest says so."""

    namespace: str
    service: str
    places: dict[str, str]


def _owner(metadata: Fields, service: str, pointer: str) -> _Owner:
    return _Owner(namespace_of(metadata), service, {"namespace": metadata.at("namespace"), "service": pointer})


@dataclass(frozen=True, slots=True)
class _Ports:
    """Ports of a subset or slice, and the pointer of each."""

    ports: tuple[Port, ...]
    pointers: tuple[str, ...]


@dataclass(slots=True)
class _Union:
    """Parts of one address that go together, growing."""

    first: Endpoint
    place: int
    is_ready: bool = field(init=False)
    hostname: str | None = field(init=False)
    ports: dict[tuple[str, str, int], Port] = field(init=False)

    def __post_init__(self) -> None:
        self.is_ready, self.hostname = self.first.ready, self.first.hostname
        self.ports = {_identity(port): port for port in self.first.ports}

    def take(self, part: Endpoint) -> bool:
        """Grow by ``part``; False when the two cannot be one Endpoint."""
        if self.hostname and part.hostname and self.hostname != part.hostname:
            return False
        if any(self.ports.get(_identity(port), port) != port for port in part.ports):
            return False
        if len(self.ports) + len(part.ports) > PORTS_MOST and not self.ports.keys() >= set(map(_identity, part.ports)):
            return False
        self.is_ready, self.hostname = self.is_ready or part.ready, self.hostname or part.hostname
        self.ports |= {_identity(port): port for port in part.ports}
        return True

    def endpoint(self) -> Endpoint:
        """The whole."""
        grown = (tuple(self.ports.values()), self.hostname, self.is_ready)
        if self.place == 1 and grown == (self.first.ports, self.first.hostname, self.first.ready):
            return self.first
        id_ = self.first.id if self.place == 1 else f"{self.first.id}-{self.place}"
        return replace(self.first, id=id_, ports=grown[0], hostname=grown[1], ready=grown[2])


def _identity(port: Port) -> tuple[str, str, int]:
    """What two ports of one Endpoint may not share: name and protocol, or the number when they have no name."""
    return port.name, port.protocol, 0 if port.name else port.port


def _ports(fields: Fields, *, may_be_every: bool) -> _Ports:
    if len(fields.items("ports")) > PORTS_MOST:
        fields.fault("ports", f"more than {PORTS_MOST} ports")
        return _Ports((), ())
    made = [(port.pointer, one) for port in fields.each("ports") if (one := _port(port, may_be_every=may_be_every))]
    return _Ports(tuple(one for _, one in made), tuple(pointer for pointer, _ in made))


def _port(port: Fields, *, may_be_every: bool) -> Port | None:
    """A port; None when it is wrong. A slice's port without a number means every port, which DNS cannot say."""
    name, protocol = port_name_of(port), protocol_of(port)
    if may_be_every and port.given("port") is None:
        port.subject.note(
            f"port {name!r} stands for every port, left out" if name else "stands for every port, left out"
        )
        return None
    number = port_number_of(port)
    return None if number is None else Port(name, protocol, number)


def _part(owner: _Owner, entry: Fields, pointer: str, address: str, ports: _Ports, is_ready: bool) -> Iterator[Part]:
    canonical = folded_address(address)
    entry.subject.check_address(pointer, canonical, entry.line)
    places: Places = {
        **owner.places,
        "addresses": [pointer],
        "hostname": entry.at("hostname"),
        "ports": ports.pointers,
    }
    endpoint = entry.subject.make(
        lambda: Endpoint(
            namespace=owner.namespace,
            service=owner.service,
            id=canonical,
            addresses=(canonical,),
            ports=ports.ports,
            hostname=folded(entry.text("hostname")) or None,
            ready=is_ready,
            lease_seconds=None,
        ),
        lambda where: relocated(where, places),
        entry.line,
    )
    if endpoint is not None:
        yield Part(endpoint, entry)


def _family(manifest: Fields) -> str | None:
    """IPv4 or IPv6; None, with a note or a fault, for anything else."""
    family = manifest.text("addressType")
    if family in _FAMILIES:
        return family
    if family == "FQDN":
        manifest.subject.note("has addressType FQDN, which names hosts instead of addresses, skipped")
    elif family or manifest.given("addressType") in (None, ""):
        what = f"{family!r} is none of" if family else "is missing; it is one of"
        manifest.fault("addressType", f"{what} {', '.join(_FAMILIES)}, FQDN")
    return None


def _is_of_family(address: str, family: str) -> bool:
    """False for an address of the other family; what is no address at all is the model's to refuse."""
    try:
        return names.is_ipv6(names.canonical_address(address)) == (family == "IPv6")
    except ValueError:
        return True
