"""The short way from a headless service to its nodes, when nothing about it is unusual: no RRsets in between.

Nearly all services go it, at a quarter of the price. Invariant: it makes just what ``schema`` and ``compile`` make, or
nothing: whoever calls it then goes the long way (``tests/authority/test_direct.py`` compares the two).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dnsd.authority.compile import compile_node, node_of_one
from dnsd.authority.form import Answer, Rank, rotations
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

Ranked = tuple[Rank, bytes]
"""A record behind its owner, with its rank."""


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
    """What a name below the service owns: its label with the length, its records behind their owner, by type."""

    __slots__ = ("addresses", "endpoint", "label", "name", "rank")

    def __init__(self, endpoint: Endpoint, label: bytes, name: Name) -> None:
        self.endpoint = endpoint
        self.label = label
        self.name = name
        self.rank: Rank = (endpoint.priority, endpoint.weight)
        self.addresses: dict[int, list[bytes]] = {}


def direct(service: Service, endpoints: Sequence[Endpoint], zone: Zone, standing: Mapping[Name, Node]) -> Made | None:
    """The nodes of this service, its endpoints in order of their ids; None: go the long way.

    What stands in ``standing`` already, and is as it would be made, is taken as it is.
    """
    if service.external_name is not None or service.cluster_ips:
        return None
    owner = service_name(service, zone.origin)
    made = Made()
    hosts = _hosts(service, owner, answered(service, endpoints), made)
    if not hosts:
        return None
    answers: dict[bytes, Answer] = {}
    for rtype in dict.fromkeys([rtype for host in hosts for rtype in host.addresses]):
        answers[_KEYS[rtype]] = _answer([(host.rank, each) for host in hosts for each in host.addresses.get(rtype, ())])
    at_owner: dict[Ranked, None] = {}
    targets: dict[_Host, None] = {}
    ports = _ports(service, endpoints, hosts)
    for port, numbers in ports:
        found = _srv_records(service.ttl_seconds, hosts, numbers)
        if not found:
            return None
        having = [host for host, number in zip(hosts, numbers, strict=True) if number is not None]
        targets.update(dict.fromkeys(having))
        at_owner.update(dict.fromkeys(found))  # two ports of one number are one record
        answer = _answer(found)
        if port.name:
            below = port_name(port, owner)
            made.nodes[below] = node_of(zone, {_KEYS[_SRV]: _with_hosts(answer, having, len(below) - len(owner))})
    if ports:
        of_all = answer if len(ports) == 1 else _answer(list(at_owner))
        answers[_KEYS[_SRV]] = _with_hosts(of_all, targets)
    made.nodes[owner] = node_of(zone, answers)
    for host in hosts:
        made.nodes[host.name] = _host_node(host, zone, standing.get(host.name))
    return made


def _hosts(service: Service, owner: Name, given: Sequence[Endpoint], made: Made) -> list[_Host]:
    """Every host name with its addresses, and the pointers to them; none when two endpoints share a name or address."""
    hosts: dict[bytes, _Host] = {}
    pointers = made.pointers
    ttl = service.ttl_seconds
    four, six = _HEAD.pack(_A, _IN, ttl, 4), _HEAD.pack(_AAAA, _IN, ttl, 16)
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
    if not service.ports and not [each for each in endpoints if each.ports is not first and each.ports != first]:
        return [(port, [port.port] * len(hosts)) for port in first]
    return [
        (port, [endpoint_port(port, host.endpoint, is_declared=bool(service.ports)) for host in hosts])
        for port in published_ports(service, endpoints)
    ]


def _srv_records(ttl: int, hosts: Sequence[_Host], numbers: Sequence[int | None]) -> list[Ranked]:
    return [
        (host.rank, _SRV_HEAD.pack(_SRV, _IN, ttl, 6 + len(host.name), *host.rank, number) + host.name)
        for host, number in zip(hosts, numbers, strict=True)
        if number is not None
    ]


def _answer(found: Sequence[Ranked]) -> Answer:
    """One RRset."""
    ranks, records = zip(*sorted(found, key=_priority_of), strict=True)
    section = OWNER_POINTER + OWNER_POINTER.join(records)
    return Answer(len(records), section, rotations(tuple([len(OWNER_POINTER) + len(each) for each in records]), ranks))


def _priority_of(ranked: Ranked) -> int:
    return ranked[0][0]


def _with_hosts(answer: Answer, targets: Iterable[_Host], above_octets: int = 0) -> Answer:
    """The same with the addresses of its targets; the service's name stands so far behind the start of the owner."""
    pointer = (_POINTER_BASE + above_octets).to_bytes(2)
    found = [host.label + pointer + each for host in targets for own in host.addresses.values() for each in own]
    return Answer(answer.count, answer.section, answer.rotations, b"".join(found), len(found))


def _host_node(host: _Host, zone: Zone, old: Node | None) -> Node:
    """The node of a host name; ``old`` itself when nothing of it differs."""
    if len(host.addresses) == 1:
        ((rtype, found),) = host.addresses.items()
        if len(found) == 1:
            record = OWNER_POINTER + found[0]
            if old is not None and old.zone is zone and old.rest is None and old.records == record:
                return old
            return node_of_one(zone, rtype, record)
    answers = {_KEYS[rtype]: _answer([(host.rank, each) for each in found]) for rtype, found in host.addresses.items()}
    return node_of(zone, answers)
