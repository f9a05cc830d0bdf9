"""What a resolver would be told now, and why: the reply as ``respond`` makes it, and each endpoint's part in it."""

from __future__ import annotations

from dataclasses import dataclass

from dnsd.answer.policy import Asked, Policy, Stub
from dnsd.authority.catalog import Catalog
from dnsd.authority.explain import Told, Verdict, service_of, verdicts
from dnsd.codec.wire import Answered, Message
from dnsd.model.message import Rcode, RRType
from dnsd.model.names import Name, is_at_or_below, name_to_text, reverse_name
from dnsd.model.service import TTL_SECONDS_DEFAULT, Service, ServiceKey

SERVICES_MOST = 20
"""So many services are looked at for one answer: a name and its aliases, or those that share an address."""
_COUNTED = {Rcode.NOERROR, Rcode.NXDOMAIN}


@dataclass(frozen=True, slots=True)
class Explanation:
    """``whole``: the reply over TCP, ``sent``: the one over UDP, of ``octets``. ``why``: the answer in one sentence.

    ``ttl_from``: where the TTL comes from, in words. ``services``: those that the question is about. ``elsewhere``: the
    name that is forwarded, if one is; the replies are our own part of the answer then, of no octets when there is none.
    """

    whole: Message
    sent: Message
    octets: int
    why: str
    ttl_seconds: int | None
    ttl_from: str
    services: tuple[Service, ...]
    verdicts: tuple[Verdict, ...]
    subjects: tuple[ServiceKey, ...]
    elsewhere: Name | None


def explain(asked: Asked, catalog: Catalog, chance: int, policy: Policy) -> Explanation:
    """The answer to this question from the catalog's table under this policy, and why."""
    over_tcp, over_udp = (Stub(asked, policy, is_tcp).ask(catalog.table, chance) for is_tcp in (True, False))
    whole, sent, elsewhere = over_tcp.message(), over_udp.message(), over_tcp.elsewhere
    octets = 0 if over_udp.is_void else len(over_udp.octets)
    found: list[Verdict] = []
    subjects: dict[ServiceKey, None] = {}
    for owner in _owners(asked, whole) if whole.rcode != Rcode.REFUSED else ():
        told = Told(owner, asked.rtype, _data(whole, asked.rtype), _data(sent, asked.rtype))
        for key, zone in _subjects(catalog, told)[:SERVICES_MOST]:
            if key not in subjects:
                found += _verdicts(catalog, key, zone, told)
            subjects[key] = None
    services = tuple(service for key in subjects if (service := catalog.inventory.service(key)) is not None)
    seconds, origin = _ttl(whole, services, catalog)
    why = _why(asked, catalog, policy, whole, tuple(subjects), services)
    if elsewhere is not None:
        why = f"{why}; {name_to_text(elsewhere)} is forwarded" if whole.answer else "the name is forwarded"
    return Explanation(whole, sent, octets, why, seconds, origin, services, tuple(found), tuple(subjects), elsewhere)


def _owners(asked: Asked, whole: Message) -> list[Name]:
    """The name asked for, and where its aliases lead."""
    aliases = [record.rdata.lower() for record in whole.answer if record.rtype == RRType.CNAME]
    return list(dict.fromkeys([asked.qname.lower(), *aliases]))


def _data(message: Message, rtype: int) -> frozenset[bytes]:
    return frozenset(record.rdata for record in message.answer if record.rtype == rtype)


def _subjects(catalog: Catalog, told: Told) -> list[tuple[ServiceKey, Name]]:
    if told.rtype == RRType.PTR:
        zone = catalog.cluster_domains[0]
        return [(key, zone) for key in _sharing(catalog, told.owner)]
    found = service_of(told.owner, catalog.cluster_domains)
    return [] if found is None else [found]


def _sharing(catalog: Catalog, owner: Name) -> list[ServiceKey]:
    """The services with an endpoint whose address has this reverse name."""
    addresses = {text for each in catalog.inventory.endpoints() for text in each.addresses}
    wanted = next((text for text in addresses if reverse_name(text) == owner), None)
    holdings = catalog.inventory.holdings.items()
    return [key for key, held in holdings if any(wanted in each.addresses for each in held.endpoints.values())]


def _verdicts(catalog: Catalog, key: ServiceKey, zone: Name, told: Told) -> list[Verdict]:
    holding = catalog.inventory.holdings.get(key)
    if holding is None or holding.service is None:
        return []
    published = catalog.published(key)
    found = verdicts(holding.service, holding.endpoints, published, zone, told)
    return [each for each in found if told.rtype != RRType.PTR or each.reason != "other-address"]


def _ttl(whole: Message, services: tuple[Service, ...], catalog: Catalog) -> tuple[int | None, str]:
    """The TTL that a resolver keeps this answer for, and where it comes from."""
    if whole.answer:
        first = min(whole.answer, key=lambda record: record.ttl)
        return first.ttl, _ttl_origin(first, services, catalog)
    soa = next((record for record in whole.authority if record.rtype == RRType.SOA), None)
    if soa is not None and whole.rcode in _COUNTED:
        return soa.ttl, f"the negative TTL of zone {name_to_text(soa.owner)}"
    return None, "there is nothing to keep"


def _ttl_origin(record: Answered, services: tuple[Service, ...], catalog: Catalog) -> str:
    if services:
        service = services[0]
        is_set = service.ttl_seconds != TTL_SECONDS_DEFAULT
        return f"ttl_seconds of service {'/'.join(service.key)}{'' if is_set else ', which is the default'}"
    is_ours = any(is_at_or_below(record.owner.lower(), zone) for zone in catalog.cluster_domains)
    return "the names that stand in every zone" if is_ours else "the zone's own content"


def _why(
    asked: Asked,
    catalog: Catalog,
    policy: Policy,
    whole: Message,
    subjects: tuple[ServiceKey, ...],
    services: tuple[Service, ...],
) -> str:
    if not catalog.table.loaded:
        return "the registry has not been read yet, so nothing is answered"
    if whole.rcode == Rcode.REFUSED:
        return _why_refused(asked, policy)
    if whole.answer:
        count = f"{len(whole.answer)} record{'s' if len(whole.answer) > 1 else ''}"
        return count + (f" of service {'/'.join(services[0].key)}" if services else "")
    if subjects and not services:
        return f"there is no service {subjects[0][1]} in namespace {subjects[0][0]}"
    if services and not catalog.published(services[0].key) and services[0].external_name is None:
        what = "/".join(services[0].key)
        return f"service {what} has no endpoint; its when_empty is {services[0].when_empty}"
    if whole.rcode == Rcode.NXDOMAIN:
        return "there is no such name in the zone"
    if whole.rcode == Rcode.SERVFAIL:
        return "none of the service's endpoints may be answered, and its when_empty is servfail"
    return "the name exists, but has no record of this type"


def _why_refused(asked: Asked, policy: Policy) -> str:
    if not policy.access.may_ask(asked.peer):
        return "the client may not ask: answer_to leaves it out"
    why = "the name is in none of this server's zones"
    return why if policy.forwarding is None else f"{why}, and forward_for leaves the client out"
