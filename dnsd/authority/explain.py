"""Why a name is answered as it is: each endpoint of its service, in or out of the answer, with the reason.

Invariant: no second opinion. What stands in answers is decided by ``schema.answered`` and ``schema.withheld``, what an
endpoint adds by ``schema.publish_alone``, and what was told comes from the responder itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from dnsd.authority import schema
from dnsd.model.health import FAILINGS
from dnsd.model.message import RRType
from dnsd.model.names import Name, is_at_or_below, labels_of, name_to_text, reverse_name
from dnsd.model.service import Endpoint, Service, ServiceKey

_WITHHELD = {"weight-0": "its weight is 0", "not-ready": "it is registered as not ready"}
_FAMILIES = {RRType.A: "IPv4", RRType.AAAA: "IPv6"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the question was, and which RDATA were told: all there is, and as much as one reply had room for."""

    owner: Name
    rtype: int
    whole: frozenset[bytes]
    shown: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An endpoint in or out of an answer. ``reason``: one word for programs, ``detail``: the same for people."""

    endpoint: Endpoint
    is_in: bool
    reason: str
    detail: str


def service_of(owner: Name, zones: Collection[Name]) -> tuple[ServiceKey, Name] | None:
    """The service that a name (folded) is about, and the cluster domain it is in; None when it is about none."""
    for zone in zones:
        if owner != zone and is_at_or_below(owner, zone):
            labels = list(labels_of(owner[: len(owner) - len(zone)] + b"\0"))
            if len(labels) >= 3 and labels[-1] == b"svc":
                return (labels[-2].decode("ascii", "replace"), labels[-3].decode("ascii", "replace")), zone
    return None


def verdicts(
    service: Service, known: Mapping[str, Endpoint], published: Collection[Endpoint], zone: Name, told: Told
) -> Iterator[Verdict]:
    """Every endpoint known or published (``last_known`` publishes some that are gone), in the order of their ids."""
    by_id = {each.id: each for each in published}
    given = {each.id for each in schema.answered(service, list(published))}
    for identifier in sorted(known.keys() | by_id.keys()):
        endpoint = known.get(identifier) or by_id[identifier]
        if identifier in given:
            yield _verdict_on_given(service, by_id[identifier], identifier in known and endpoint.ready, zone, told)
        else:
            yield Verdict(endpoint, False, *_withheld(service, endpoint))


def _withheld(service: Service, endpoint: Endpoint) -> tuple[str, str]:
    reason = schema.withheld(service, endpoint)
    if reason is not None:
        return reason, _WITHHELD[reason]
    if endpoint.draining or endpoint.failing is None:
        return "draining", "it is draining, and others of its service are not"
    return "failing", f"its health check fails: {FAILINGS[endpoint.failing]}"


def _verdict_on_given(service: Service, endpoint: Endpoint, is_ready: bool, zone: Name, told: Told) -> Verdict:
    added = _added(schema.publish_alone(service, endpoint, zone), endpoint, told)
    if added & told.shown:
        return Verdict(endpoint, True, *_in(service, endpoint, is_ready))
    if added & told.whole:
        return Verdict(endpoint, False, "cut-by-size", "the reply had no room for it; ask over TCP")
    if added:
        return Verdict(endpoint, False, "overruled", "another zone's content stands at this name")
    return Verdict(endpoint, False, *_adds_nothing(service, endpoint, zone, told))


def _added(alone: schema.Published, endpoint: Endpoint, told: Told) -> frozenset[bytes]:
    """The RDATA that this endpoint adds to the answer."""
    if told.rtype == RRType.PTR:
        addresses = (text for text in endpoint.addresses if reverse_name(text) == told.owner)
        return frozenset(target for text in addresses for target in alone.pointers.get(text, ()))
    sets = alone.sets.get(told.owner, ())
    return frozenset(record.rdata for rrset in sets if rrset.rtype == told.rtype for record in rrset.records)


def _in(service: Service, endpoint: Endpoint, is_ready: bool) -> tuple[str, str]:
    if service.health is not None and endpoint.failing is not None:
        return "all-failing", f"its health check fails ({FAILINGS[endpoint.failing]}), but so do those of all others"
    if endpoint.draining:
        return "draining-last", "it is draining, but so is all that is left of its service"
    if is_ready:
        return "ready", "it is ready"
    if service.publish_not_ready:
        return "published-not-ready", "it is not ready, and its service publishes such ones (publish_not_ready)"
    return "last-known", "it is gone or not ready, and its service goes on with what it had (when_empty: last_known)"


def _adds_nothing(service: Service, endpoint: Endpoint, zone: Name, told: Told) -> tuple[str, str]:
    """Why an endpoint that is answered elsewhere adds nothing to this question's answer."""
    owner = schema.service_name(service, zone)
    if service.external_name is not None:
        return "external-name", f"its service is an alias for {service.external_name}"
    below = [] if told.rtype == RRType.PTR else list(labels_of(told.owner[: len(told.owner) - len(owner)] + b"\0"))
    if below and below[-1].startswith(b"_"):
        return _other_port(endpoint, below)
    if service.cluster_ips and not below:
        return "cluster-ip", f"the service is answered with its cluster IPs ({', '.join(service.cluster_ips)})"
    own_names = {endpoint.hostname_for(text).encode() for text in endpoint.addresses}
    if below and (len(below) > 1 or below[0] not in own_names):
        return "other-name", f"its name is {', '.join(sorted(name.decode() for name in own_names))}"
    if told.rtype in _FAMILIES:
        return "other-family", f"it has no {_FAMILIES[RRType(told.rtype)]} address ({', '.join(endpoint.addresses)})"
    if told.rtype == RRType.SRV and not below:
        return "no-port", "it has none of the service's ports"
    if told.rtype == RRType.PTR:
        return "other-address", f"its addresses are {', '.join(endpoint.addresses)}"
    return "other-type", f"{name_to_text(told.owner)} owns nothing of this type"


def _other_port(endpoint: Endpoint, below: list[bytes]) -> tuple[str, str]:
    """``below``: the labels of ``_port._proto``, or of its second half."""
    wanted, protocol = below[0][1:].decode("ascii", "replace"), below[-1][1:].decode("ascii", "replace").upper()
    has = ", ".join(f"{port.name or port.port}/{port.protocol.lower()}" for port in endpoint.ports) or "none"
    if any(port.name == wanted and port.protocol != protocol for port in endpoint.ports):
        return "other-protocol", f"its port {wanted} is not {protocol} (its ports: {has})"
    return "other-port", f"it has no port {wanted}/{protocol.lower()} (its ports: {has})"
