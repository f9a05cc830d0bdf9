"""The short way from a headless service to its nodes, when nothing about it is unusual: no RRsets in between.

Nearly all services go it, at a quarter of the price. Invariant: it makes just what ``schema`` and ``compile`` make, or
nothing: whoever calls it then goes the long way (``tests/authority/test_direct.py`` compares the two).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, groupby
from operator import itemgetter

from dnsd.authority.compile import compile_node, node_of_one
from dnsd.authority.form import Answer, Rotation, rotation
from dnsd.authority.node import Node, node_of
from dnsd.authority.octets import HEADER_OCTETS, OWNER_POINTER, question_key
from dnsd.authority.schema import answered, endpoint_port, port_name, publish, published_ports, service_name
from dnsd.authority.zone import Zone
from dnsd.model.message import RRClass, RRType
from dnsd.model.names import NAME_OCTETS_MAX, Name, is_ipv6
from dnsd.model.service import Endpoint, Port, Service, ServicePort

_HEAD = struct.Struct(">HHIH")
_SRV_HEAD = struct.Struct(">HHIHHHH")
_POINTER_BASE = 0xC000 | HEADER_OCTETS
_IN = int(RRClass.IN)
_A, _AAAA, _SRV = int(RRType.A), int(RRType.AAAA), int(RRType.SRV)
_KEYS = {rtype: question_key(rtype) for rtype in (_A, _AAAA, _SRV)}

Ranked = tuple[int, int, bytes]
"""Priority, weight and the record itself without its owner."""
_priority_of = itemgetter(0)


@dataclass(slots=True)
class Made:
    """Nodes by owner, and the one host name that each address points to."""

    nodes: dict[Name, Node] = field(default_factory=dict)
    pointers: dict[str, tuple[Name, ...]] = field(default_factory=dict)


def compiled(service: Service, endpoints: Sequence[Endpoint], zone: Zone) -> Made:
    """The same by the long way, which every service can go."""
    found = publish(service, endpoints, zone.origin)
    sets = found.sets
    nodes = {owner: compile_node(zone, own, lambda name: sets.get(name, ()), found.kind) for owner, own in sets.items()}
    return Made(nodes, {address: tuple(sorted(names)) for address, names in found.pointers.items()})


class _Host:
    """What a name below the service owns: its label with the length, its records after their owner, by type."""

    __slots__ = ("addresses", "endpoint", "label", "name")

    def __init__(self, endpoint: Endpoint, label: bytes, name: Name) -> None:
        self.endpoint = endpoint
        self.label = label
        self.name = name
        self.addresses: dict[int, list[bytes]] = {}


def direct(service: Service, endpoints: Sequence[Endpoint], zone: Zone, standing: Mapping[Name, Node]) -> Made | None:
    """The nodes of this service, its endpoints in order of their ids; None: go the long way.

    What stands in ``standing`` already, and is as it would be made, is taken as it is.
    """
    if service.external_name is not None or service.cluster_ips:
        return None
    given = answered(service, endpoints)
    owner = service_name(service, zone.origin)
    made = Made()
    hosts = _hosts(service, owner, given, made)
    if not hosts:
        return None
    answers: dict[bytes, Answer] = {}
    for rtype in dict.fromkeys(rtype for host in hosts for rtype in host.addresses):
        ranked = [
            (host.endpoint.priority, host.endpoint.weight, record)
            for host in hosts
            for record in host.addresses.get(rtype, ())
        ]
        answers[_KEYS[rtype]] = _answer(owner, ranked)
    at_owner: dict[bytes, Ranked] = {}
    targets: dict[_Host, None] = {}
    for port, numbers in _ports(service, endpoints, hosts):
        ranked = _srv_records(service.ttl_seconds, hosts, numbers)
        if not ranked:
            return None
        having = [host for host, number in zip(hosts, numbers, strict=True) if number is not None]
        targets.update(dict.fromkeys(having))
        for each in ranked:
            at_owner.setdefault(each[2], each)
        if port.name:
            below = port_name(port, owner)
            made.nodes[below] = node_of(zone, {_KEYS[_SRV]: _answer(below, ranked, having, len(below) - len(owner))})
    if at_owner:
        answers[_KEYS[_SRV]] = _answer(owner, list(at_owner.values()), list(targets), 0)
    made.nodes[owner] = node_of(zone, answers)
    for host in hosts:
        made.nodes[host.name] = _host_node(host, zone, standing.get(host.name))
    return made


def _hosts(service: Service, owner: Name, given: Sequence[Endpoint], made: Made) -> list[_Host]:
    """Every host name with its addresses, and the pointers to them; none when two endpoints share a name or address."""
    hosts: dict[bytes, _Host] = {}
    pointers = made.pointers
    ttl = service.ttl_seconds
    four, six = OWNER_POINTER + _HEAD.pack(_A, _IN, ttl, 4), OWNER_POINTER + _HEAD.pack(_AAAA, _IN, ttl, 16)
    for endpoint in given:
        own: dict[str, _Host] = {}
        for address in endpoint.addresses:
            text = endpoint.hostname_for(address)
            host = own.get(text)
            if host is None:
                octets = text.encode()
                label = bytes((len(octets),)) + octets
                host = own[text] = _Host(endpoint, label, label + owner)
                if label in hosts or len(host.name) > NAME_OCTETS_MAX:
                    return []
                hosts[label] = host
            if address in pointers:
                return []
            pointers[address] = (host.name,)
            if is_ipv6(address):
                host.addresses.setdefault(_AAAA, []).append(six + socket.inet_pton(socket.AF_INET6, address))
            else:
                host.addresses.setdefault(_A, []).append(four + socket.inet_pton(socket.AF_INET, address))
    return list(hosts.values())


def _ports(
    service: Service, endpoints: Sequence[Endpoint], hosts: Sequence[_Host]
) -> list[tuple[Port | ServicePort, list[int | None]]]:
    """The service's ports, each with the number that it has at every host."""
    first = endpoints[0].ports
    if not service.ports and all(each.ports is first or each.ports == first for each in endpoints):
        return [(port, [port.port] * len(hosts)) for port in first]
    return [
        (port, [endpoint_port(port, host.endpoint, is_declared=bool(service.ports)) for host in hosts])
        for port in published_ports(service, endpoints)
    ]


def _srv_records(ttl: int, hosts: Sequence[_Host], numbers: Sequence[int | None]) -> list[Ranked]:
    ranked = []
    for host, number in zip(hosts, numbers, strict=True):
        if number is not None:
            priority, weight = host.endpoint.priority, host.endpoint.weight
            head = _SRV_HEAD.pack(_SRV, _IN, ttl, 6 + len(host.name), priority, weight, number)
            ranked.append((priority, weight, OWNER_POINTER + head + host.name))
    return ranked


def _answer(owner: Name, found: list[Ranked], targets: Sequence[_Host] = (), above_octets: int = 0) -> Answer:
    """One RRset; ``above_octets``: so far behind the start of ``owner`` stands the service's name, for pointers."""
    if len({each[0] for each in found}) > 1:
        found = sorted(found, key=_priority_of)
    packed = [each[2] for each in found]
    pointer = (_POINTER_BASE + above_octets).to_bytes(2)
    additional = [
        host.label + pointer + record[len(OWNER_POINTER) :]
        for host in targets
        for record in chain.from_iterable(host.addresses.values())
    ]
    return Answer(len(packed), b"".join(packed), _rotations(found), b"".join(additional), len(additional))


def _rotations(ranked: Sequence[Ranked]) -> tuple[Rotation, ...]:
    """One rotation a priority, or none when there is but one record."""
    if len(ranked) < 2:
        return ()
    bounds = tuple(accumulate([len(record) for _, _, record in ranked], initial=0))
    if ranked[0][0] == ranked[-1][0]:  # sorted, so all are of one priority
        return (rotation(bounds[:-1], bounds[-1], tuple(accumulate([weight for _, weight, _ in ranked]))),)
    rotations, at = [], 0
    for _, group in groupby(ranked, key=_priority_of):
        cumulative = tuple(accumulate([weight for _, weight, _ in group]))
        after = at + len(cumulative)
        rotations.append(rotation(bounds[at:after], bounds[after], cumulative))
        at = after
    return tuple(rotations)


def _host_node(host: _Host, zone: Zone, old: Node | None) -> Node:
    """The node of a host name; ``old`` itself when nothing of it differs."""
    if len(host.addresses) > 1:
        return node_of(zone, {_KEYS[rtype]: _host_answer(host, rtype) for rtype in host.addresses})
    ((rtype, records),) = host.addresses.items()
    if len(records) > 1:
        return node_of(zone, {_KEYS[rtype]: _host_answer(host, rtype)})
    if old is not None and old.zone is zone and old.rest is None and old.records == records[0]:
        return old
    return node_of_one(zone, rtype, records[0])


def _host_answer(host: _Host, rtype: int) -> Answer:
    records = host.addresses[rtype]
    if len(records) > 1:
        return _answer(host.name, [(host.endpoint.priority, host.endpoint.weight, each) for each in records])
    only = records[0]
    return Answer(1, only)
