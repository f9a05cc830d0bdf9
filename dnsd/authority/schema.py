"""The DNS schema: which RRsets a service and its endpoints make (Kubernetes DNS specification 1.1.0).

To add a record for services: give it a function here and a line in :func:`publish`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from dnsd.authority.form import Kind
from dnsd.model import rdata
from dnsd.model.message import RRType
from dnsd.model.names import Name, child, name_from_text
from dnsd.model.rrset import Record, RRset
from dnsd.model.service import WEIGHT_DEFAULT, Endpoint, Port, Service, ServicePort

DNS_VERSION = b"1.1.0"

Shares = dict[tuple[int, bytes], tuple[int, int]]
"""(type, RDATA) -> (priority, weight), duplicates collapsed: the lowest priority, the weights in it added."""
Found = tuple[tuple[RRType, bytes], int, int]
"""(type, RDATA), priority, weight of one endpoint."""


Withheld = Literal["weight-0", "not-ready"]


@dataclass(slots=True)
class Published:
    """What a service puts into one zone: RRsets by owner (none: the name exists empty), and PTR targets by address."""

    sets: dict[Name, list[RRset]] = field(default_factory=dict)
    pointers: dict[str, set[Name]] = field(default_factory=dict)
    kind: Kind = Kind.PLAIN


def publish(service: Service, endpoints: Iterable[Endpoint], zone: Name) -> Published:
    """Everything that this service makes of ``zone``."""
    owner = service_name(service, zone)
    if service.external_name is not None:
        target = name_from_text(service.external_name).lower()
        return Published({owner: [RRset(owner, RRType.CNAME, service.ttl_seconds, (Record(target),))]})
    known = sorted(endpoints, key=lambda endpoint: endpoint.id)
    given = answered(service, known)
    if service.cluster_ips:
        return _with_cluster_ips(service, owner, known, given)
    if not given:
        return _empty(service, owner, known)
    return _headless(service, owner, known, given)


def answered(service: Service, endpoints: Sequence[Endpoint]) -> Sequence[Endpoint]:
    """The endpoints that stand in answers. If all that could is draining, the draining ones are answered; if all of
    them fail their health check, the check counts for nothing: it never empties a service.
    """
    if are_well(endpoints):
        return endpoints
    able = [each for each in endpoints if withheld(service, each) is None]
    able = [each for each in able if not each.draining] or able
    return able if service.health is None else [each for each in able if each.failing is None] or able


def are_well(endpoints: Iterable[Endpoint]) -> bool:
    """True when nothing at all speaks against any of them, as in nearly every service at nearly every moment."""
    return not [each for each in endpoints if each.draining or not each.ready or not each.weight or each.failing]


def withheld(service: Service, endpoint: Endpoint) -> Withheld | None:
    """Why an endpoint cannot stand in any answer, whatever the others are; None when it can."""
    if not endpoint.weight:
        return "weight-0"
    return None if endpoint.ready or service.publish_not_ready else "not-ready"


def publish_alone(service: Service, endpoint: Endpoint, zone: Name) -> Published:
    """What this endpoint adds to its service's records once it is answered; the explanation of an answer asks it."""
    owner = service_name(service, zone)
    if service.external_name is not None:
        return Published()
    if not service.cluster_ips:
        return _headless(service, owner, [endpoint], [endpoint])
    made = Published()
    _add_hostnames(made, owner, service.ttl_seconds, [endpoint])
    return made


def service_name(service: Service, zone: Name) -> Name:
    """``<svc>.<ns>.svc.<zone>``."""
    return child(service.name, namespace_name(service.namespace, zone))


@lru_cache(maxsize=1024)
def namespace_name(namespace: str, zone: Name) -> Name:
    """``<ns>.svc.<zone>``, one object for all services of a namespace."""
    return child(namespace, child("svc", zone))


host_name = lru_cache(maxsize=1024)(child)
"""The name of a host below its service: its SRV records, its addresses and its PTRs share the one object."""


def published_ports(service: Service, endpoints: Iterable[Endpoint]) -> tuple[ServicePort, ...]:
    """The declared ports, otherwise the union of the endpoints' ports."""
    if service.ports:
        return service.ports
    several = {id(each.ports): each.ports for each in endpoints}  # most share one object (codec.stored)
    return _united(tuple(several.values()))


@lru_cache(maxsize=1024)
def _united(several: tuple[tuple[Port, ...], ...]) -> tuple[ServicePort, ...]:
    """Each port once. Cached: services of one kind have the same."""
    union = {(port.name, port.protocol, "" if port.name else port.port): port for ports in several for port in ports}
    return tuple([ServicePort(port.name, port.protocol, port.port) for port in union.values()])


def endpoint_port(port: ServicePort, endpoint: Endpoint, is_declared: bool) -> int | None:
    """The endpoint's number for a service's port: its port of the same name, else the one that ``target_port`` names,
    else a numeric ``target_port``, else the port's own number. None: the service declares no ports, nor this one.
    """
    if not is_declared:
        return next((own.port for own in endpoint.ports if _same(own, port)), None)
    named = {own.name: own.port for own in endpoint.ports if own.protocol == port.protocol}
    if port.name in named:
        return named[port.name]
    if isinstance(port.target_port, str):
        return named.get(port.target_port, port.port)
    return port.target_port or port.port


def _same(own: Port, port: ServicePort) -> bool:
    same_port = own.name == port.name if port.name else not own.name and own.port == port.port
    return same_port and own.protocol == port.protocol


def _with_cluster_ips(service: Service, owner: Name, known: Sequence[Endpoint], given: Sequence[Endpoint]) -> Published:
    made = Published(pointers={address: {owner} for address in service.cluster_ips})
    ttl = service.ttl_seconds
    _add(made, owner, ttl, {rdata.address(address): (0, 1) for address in service.cluster_ips})
    for port in published_ports(service, known):
        share = _shares([((RRType.SRV, rdata.srv(0, WEIGHT_DEFAULT, port.port, owner)), 0, 1)])
        _add_port(made, service, owner, port, share)
    _add_hostnames(made, owner, ttl, given)
    return made


def _headless(service: Service, owner: Name, known: Sequence[Endpoint], given: Sequence[Endpoint]) -> Published:
    made = Published()
    ttl = service.ttl_seconds
    _add(made, owner, ttl, _shares(share for each in given for share in _address_shares(each)))
    for port in published_ports(service, known):
        _add_port(made, service, owner, port, _endpoint_shares(service, owner, port, given))
    _add_hostnames(made, owner, ttl, given)
    for each in given:
        for address in each.addresses:
            made.pointers.setdefault(address, set()).add(host_name(each.hostname_for(address), owner))
    return made


def _empty(service: Service, owner: Name, known: Sequence[Endpoint]) -> Published:
    """A headless service with no endpoint to give: its port and host names follow its ``when_empty``."""
    if service.when_empty == "nxdomain":
        return Published()
    if service.when_empty == "servfail":
        return Published({owner: []}, kind=Kind.SERVFAIL)
    made = Published({owner: []})
    for port in published_ports(service, known):
        if port.name:
            made.sets[port_name(port, owner)] = []
    for each in known:
        for address in each.addresses:
            made.sets[host_name(each.hostname_for(address), owner)] = []
    return made


def _endpoint_shares(service: Service, owner: Name, port: ServicePort, given: Iterable[Endpoint]) -> Shares:
    """SRV for each endpoint that has this port: its own number, its own priority and weight."""
    found = []
    for each in given:
        number = endpoint_port(port, each, is_declared=bool(service.ports))
        if number is None:
            continue
        for hostname in dict.fromkeys(map(each.hostname_for, each.addresses)):
            data = rdata.srv(each.priority, each.weight, number, host_name(hostname, owner))
            found.append(((RRType.SRV, data), each.priority, each.weight))
    return _shares(found)


def _address_shares(endpoint: Endpoint) -> Iterable[Found]:
    return ((rdata.address(text), endpoint.priority, endpoint.weight) for text in dict.fromkeys(endpoint.addresses))


def _add_hostnames(made: Published, owner: Name, ttl: int, given: Iterable[Endpoint]) -> None:
    by_hostname: dict[str, list[Found]] = {}
    for each in given:
        for address in dict.fromkeys(each.addresses):
            hostname = each.hostname_for(address)
            by_hostname.setdefault(hostname, []).append((rdata.address(address), each.priority, each.weight))
    for hostname, shares in by_hostname.items():
        _add(made, host_name(hostname, owner), ttl, _shares(shares))


def _add_port(made: Published, service: Service, owner: Name, port: ServicePort, shares: Shares) -> None:
    """SRV at the service's own name for every port, and at ``_port._proto`` below it for a named one.

    A port that no answered endpoint has: its name exists empty, unless the service's ``when_empty`` is ``nxdomain``.
    """
    _add(made, owner, service.ttl_seconds, shares)
    if port.name and (shares or service.when_empty != "nxdomain"):
        made.sets.setdefault(port_name(port, owner), [])
        _add(made, port_name(port, owner), service.ttl_seconds, shares)


def port_name(port: Port | ServicePort, owner: Name) -> Name:
    """``_port._proto`` below the service."""
    return child(f"_{port.name}", child(f"_{port.protocol.lower()}", owner))


def _shares(found: Iterable[Found]) -> Shares:
    shares: Shares = {}
    for data, priority, weight in found:
        lowest, sum_of_weights = shares.get(data, (priority, 0))
        if priority <= lowest:
            shares[data] = priority, weight + (sum_of_weights if priority == lowest else 0)
    return shares


def _add(made: Published, owner: Name, ttl: int, shares: Mapping[tuple[int, bytes], tuple[int, int]]) -> None:
    """Add these records to what ``owner`` has, one RRset a type."""
    records: dict[int, list[Record]] = {}
    for (rtype, data), (priority, weight) in shares.items():
        records.setdefault(rtype, []).append(Record(data, priority, weight))
    sets = made.sets.setdefault(owner, [])
    for rtype, new in records.items():
        old = next((rrset for rrset in sets if rrset.rtype == rtype), None) if sets else None
        if old is None:
            sets.append(RRset(owner, rtype, ttl, tuple(new)))
        else:
            known = {record.rdata for record in old.records}
            more = (record for record in new if record.rdata not in known)
            sets[sets.index(old)] = RRset(owner, rtype, ttl, (*old.records, *more))
