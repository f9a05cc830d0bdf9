"""What a resolver would be told now, and why: the question "why did it say that?", answered."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from aiohttp import web

from dnsd.admin import queries, replies
from dnsd.admin.access import Access
from dnsd.admin.failures import BadParameter
from dnsd.answer.policy import Asked, Policy
from dnsd.answer.why import Explanation, explain
from dnsd.authority.explain import Verdict
from dnsd.codec.record_text import record_document
from dnsd.codec.wire import Message, rcode_to_text, type_from_text, type_to_text
from dnsd.model.health import FAILINGS
from dnsd.model.message import TCP_PAYLOAD_MOST, UDP_PAYLOAD_DEFAULT, UDP_PAYLOAD_LEAST, RRType
from dnsd.model.names import Name, canonical_address, name_from_text, name_to_text
from dnsd.model.service import EndpointKey
from dnsd.registry.departures import Departure, Departures
from dnsd.registry.leases import Leases
from dnsd.registry.mirror import Mirror

PATH = "/v1/answer"
FORWARDED = "FORWARDED"
_SECTIONS = ("answer", "authority", "additional")
_TRANSFERS = frozenset({RRType.AXFR, RRType.IXFR, RRType.OPT})
_LEFT = {
    "expired": "its lease ended {ago} s ago",
    "deleted": "it was deregistered {ago} s ago",
    "draining": "draining since {ago} s ago, and others of its service are not",
    "not-ready": "registered as not ready since {ago} s ago",
    "weight-0": "its weight is 0 since {ago} s ago",
    "failing": "its health check fails since {ago} s ago",
}


class AnswerCalls:
    """``/v1/answer``."""

    def __init__(
        self,
        leases: Leases,
        mirror: Mirror,
        departures: Departures,
        access: Access,
        replica: str,
        policy: Policy,
    ) -> None:
        self._access = access
        self._leases = leases
        self._mirror = mirror
        self._departures = departures
        self._replica = replica
        self._policy = policy

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get(PATH, self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """The records, and each endpoint in or out with its reason."""
        queries.check_parameters(request, "name", "type", "client", "size")
        asked = Asked(*question_of(request), client_of(request), _size(request))
        explanation = explain(asked, self._mirror.catalog, secrets.randbits(32), self._policy)
        may_read = self._access.may_read(request)
        return replies.reply(
            {
                "name": name_to_text(asked.qname),
                "type": type_to_text(asked.rtype),
                "client": asked.client,
                "status": status_of(explanation.whole, explanation.elsewhere),
                "why": explanation.why,
                **{part: [record_document(each) for each in getattr(explanation.whole, part)] for part in _SECTIONS},
                "udp": _udp_document(asked, explanation, self._policy.payload_most),
                "ttl": {"seconds": explanation.ttl_seconds, "from": explanation.ttl_from},
                "services": [_service_document(each.key) for each in explanation.services if may_read(each.key)],
                "endpoints": [each for each in await self._endpoints(explanation) if may_read(_service_of(each))],
                **self._origin(),
            }
        )

    async def _endpoints(self, explanation: Explanation) -> list[dict[str, object]]:
        """Those that are registered, then those that left of late."""
        remaining = await self._leases.remaining_seconds([each.endpoint.key for each in explanation.verdicts])
        left = {key: self._departures.of(key) for key in explanation.subjects}
        documents = []
        for verdict in explanation.verdicts:
            departure = left.get(verdict.endpoint.service_key, {}).pop(verdict.endpoint.id, None)
            documents.append(_verdict_document(verdict, departure, remaining))
        for key, departures in left.items():
            for identifier, departure in departures.items():
                if departure.cause in ("expired", "deleted"):
                    documents.append(_gone_document((*key, identifier), departure))
        return documents

    def _origin(self) -> dict[str, object]:
        """Who says so, and how fresh it is."""
        status = self._mirror.status()
        return {
            "revision": status.revision,
            "epoch": status.epoch,
            "replica": self._replica,
            "mirror_age_seconds": round(status.age_seconds, 3) if status.loaded else None,
            "degraded": not status.connected,
        }


def question_of(request: web.Request) -> tuple[Name, int]:
    """The question in ``name`` and ``type`` (A when absent). Raises BadParameter."""
    name = request.query.get("name", "")
    if not name:
        raise BadParameter("name is missing: give ?name=web.default.svc.cluster.local&type=SRV")
    try:
        qname, rtype = name_from_text(name), type_from_text(request.query.get("type", "A"))
    except ValueError as fault:
        raise BadParameter(str(fault)) from None
    if rtype in _TRANSFERS:
        raise BadParameter(f"{type_to_text(rtype)} is no question about records")
    return qname, rtype


def status_of(message: Message, elsewhere: Name | None) -> str:
    """The response code; what upstreams will say of a name that is none of ours is not known here."""
    return FORWARDED if elsewhere is not None and not message.answer else rcode_to_text(message.rcode)


def client_of(request: web.Request) -> str:
    """The address that asks in DNS: as given, else whoever calls. Raises BadParameter."""
    given = request.query.get("client")
    try:
        return canonical_address(given if given is not None else (request.remote or "127.0.0.1").partition("%")[0])
    except ValueError as fault:
        raise BadParameter(f"client: {fault}") from None


def _size(request: web.Request) -> int:
    text = request.query.get("size", str(UDP_PAYLOAD_DEFAULT))
    is_good = text.isascii() and text.isdigit() and len(text) <= 5
    if not is_good or not UDP_PAYLOAD_LEAST <= int(text) <= TCP_PAYLOAD_MOST:
        raise BadParameter(f"size is {UDP_PAYLOAD_LEAST} to {TCP_PAYLOAD_MOST} octets, not {text!r:.100}")
    return int(text)


def _udp_document(asked: Asked, explanation: Explanation, most: int) -> dict[str, object]:
    return {
        "limit": max(UDP_PAYLOAD_LEAST, min(asked.payload, most)),
        "octets": explanation.octets,
        "truncated": "tc" in explanation.sent.flags,
        "records": len(explanation.sent.answer),
    }


def _service_document(key: tuple[str, str]) -> dict[str, object]:
    return {"namespace": key[0], "name": key[1]}


def _service_of(document: Mapping[str, object]) -> tuple[str, str]:
    return str(document["namespace"]), str(document["service"])


def _verdict_document(verdict: Verdict, departure: Departure | None, remaining: replies.Remaining) -> dict[str, object]:
    endpoint, detail = verdict.endpoint, verdict.detail
    if departure is not None and departure.cause == verdict.reason:
        what = f": {FAILINGS[endpoint.failing]}" if verdict.reason == "failing" and endpoint.failing else ""
        detail = _left_text(departure) + what
    return {
        **replies.key_document(endpoint.key),
        "addresses": list(endpoint.addresses),
        "in": verdict.is_in,
        "reason": verdict.reason,
        "detail": detail,
        **replies.lease_document(endpoint, remaining.get(endpoint.key)),
    }


def _gone_document(key: EndpointKey, departure: Departure) -> dict[str, object]:
    document: Mapping[str, object] = replies.key_document(key)
    reason = "lease-ended" if departure.cause == "expired" else "deregistered"
    return {**document, "addresses": [], "in": False, "reason": reason, "detail": _left_text(departure)}


def _left_text(departure: Departure) -> str:
    return _LEFT[departure.cause].format(ago=round(departure.seconds_ago))
