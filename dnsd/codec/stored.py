"""The store's own text of a service or an endpoint: compact JSON, defaults left out, unknown fields passed over.

Plain code, because a mirror reads 100,000 of these when it loads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache, lru_cache
from operator import attrgetter
from sys import intern
from typing import Any, TypeVar

from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.health import (
    DOWN_DEFAULT,
    INTERVAL_SECONDS_DEFAULT,
    TIMEOUT_SECONDS_DEFAULT,
    UP_DEFAULT,
    HealthCheck,
)
from dnsd.model.lease import LEASE_SECONDS_DEFAULT
from dnsd.model.service import TTL_SECONDS_DEFAULT, WEIGHT_DEFAULT, Endpoint, Port, Service, ServicePort

T = TypeVar("T")

_NONSENSE = (TypeError, AttributeError, KeyError, UnicodeEncodeError)
"""How reading ends where the text is JSON and yet not ours."""

_ADDRESSES_FIRST = '{"addresses":["'
_BETWEEN = '","'

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def stored_text(value: Service | Endpoint) -> str:
    """The text that the store keeps; key, revision and generation are kept beside it, not in it."""
    if isinstance(value, Service):
        return _told(_service_fields(value))
    rest = _rest_text(value) if value.metadata else _shared_rest_text(*SHARED(value))
    return f'{_ADDRESSES_FIRST}{_BETWEEN.join(value.addresses)}"]{rest}'


def _rest_text(endpoint: Endpoint) -> str:
    """What follows the addresses, which are first because they alone differ between the endpoints of most services."""
    text = _told(_endpoint_fields(endpoint))
    return "}" if text == "{}" else f",{text[1:]}"


SHARED = attrgetter("ports", "weight", "priority", "hostname", "ready", "draining", "lease_seconds")
"""The fields that many endpoints without metadata have in common, so that their text is made once for all of them."""


def some_endpoint(
    ports: tuple[Port, ...],
    weight: int,
    priority: int,
    hostname: str | None,
    ready: bool,
    draining: bool,
    lease_seconds: int | None,
) -> Endpoint:
    """Anybody who has these, which are ``SHARED``."""
    some = Endpoint("any", "any", "any", ("192.0.2.1",), ports, weight, priority, hostname, ready, draining)
    return replace(some, lease_seconds=lease_seconds)


@lru_cache(maxsize=4096, typed=True)
def _shared_rest_text(*shared: Any) -> str:
    return _rest_text(some_endpoint(*shared))


def _told(fields: Mapping[str, tuple[object, object]]) -> str:
    return _encode({field: given for field, (given, default) in fields.items() if given != default})


def service_from_stored(text: str, namespace: str, name: str, revision: int, generation: int) -> Service:
    """The service that ``stored_text`` wrote. Raises InvalidRecord on anything else."""
    if text == implicit_text():
        return Service(namespace, name, declared=False, revision=revision, generation=generation)
    stored = _read_object(text)
    try:
        return Service(
            namespace,
            name,
            tuple([_service_port(port) for port in stored.get("ports", ())]),
            tuple(_list(stored.get("cluster_ips", _NONE))),
            _text_or_none(stored.get("external_name")),
            _number(stored.get("ttl_seconds", TTL_SECONDS_DEFAULT)),
            stored.get("when_empty", "nodata"),
            _flag(stored.get("publish_not_ready", False)),
            _texts(stored.get("labels", {})),
            _flag(stored.get("declared", True)),
            revision,
            generation,
            _number(stored.get("slow_start_seconds", 0)),
            _number(stored.get("min_kept", 0)),
            _health_check(stored.get("health")),
        )
    except _NONSENSE as fault:
        raise InvalidRecord(Fault("", f"not a service: {fault}")) from None


@cache
def implicit_text() -> str:
    """The text of a service that an endpoint declares: its name is no part of it, so it is the same for all."""
    return stored_text(Service("any", "any", declared=False))


def endpoint_from_stored(
    text: str,
    namespace: str,
    service: str,
    id: str,  # noqa: A002 (the field's own name)
    revision: int,
    generation: int,
) -> Endpoint:
    """The endpoint that ``stored_text`` wrote. Raises InvalidRecord on anything else."""
    try:
        addresses, rest = _parted(text)
        return Endpoint(intern(namespace), intern(service), id, addresses, *rest, revision, generation)
    except _NONSENSE as fault:
        raise InvalidRecord(Fault("", f"not an endpoint: {fault}")) from None


_Rest = tuple[tuple[Port, ...], int, int, str | None, bool, bool, dict[str, str], int | None]
"""What follows the addresses, in the order of an endpoint's fields."""


def _parted(text: str) -> tuple[tuple[str, ...], _Rest]:
    """Addresses and the rest: ``stored_text`` writes addresses first, and all of a service have the same behind."""
    if text.startswith(_ADDRESSES_FIRST):
        inside, _, behind = text[len(_ADDRESSES_FIRST) :].partition('"]')
        addresses = tuple(inside.split(_BETWEEN))
        is_plain = "\\" not in inside and inside.count('"') == 2 * len(addresses) - 2
        if is_plain and (behind == "}" or behind.startswith(',"')):
            shared = _shared_rest(behind)
            if shared is not None:
                return addresses, shared
    stored = _read_object(text)
    return tuple(_list(stored["addresses"])), _rest_of(stored)


@lru_cache(maxsize=4096)
def _shared_rest(behind: str) -> _Rest | None:
    """The rest from the text behind the addresses, one object for all that have the same; None: look whole."""
    stored = _read_object("{" + behind.removeprefix(","))
    return None if "addresses" in stored else _rest_of(stored)


def _rest_of(stored: Mapping[str, Any]) -> _Rest:
    lease_seconds = stored.get("lease_seconds", LEASE_SECONDS_DEFAULT)
    return (
        _shared_ports(tuple([_port_words(port) for port in stored.get("ports", ())])),
        _number(stored.get("weight", WEIGHT_DEFAULT)),
        _number(stored.get("priority", 0)),
        _text_or_none(stored.get("hostname")),
        _flag(stored.get("ready", True)),
        _flag(stored.get("draining", False)),
        _texts(stored.get("metadata", NO_TEXTS)),
        None if lease_seconds is None else _number(lease_seconds),
    )


_NONE: list[str] = []
NO_TEXTS: dict[str, str] = {}
"""One for all: a hundred thousand endpoints without metadata need not have as many empty dicts."""


def _service_fields(service: Service) -> dict[str, tuple[object, object]]:
    """Field: what it is, and the default at which it is left out."""
    return {
        "ports": ([_port_fields(port) for port in service.ports], []),
        "cluster_ips": (list(service.cluster_ips), []),
        "external_name": (service.external_name, None),
        "ttl_seconds": (service.ttl_seconds, TTL_SECONDS_DEFAULT),
        "when_empty": (service.when_empty, "nodata"),
        "publish_not_ready": (service.publish_not_ready, False),
        "slow_start_seconds": (service.slow_start_seconds, 0),
        "min_kept": (service.min_kept, 0),
        "health": (None if service.health is None else _health_fields(service.health), None),
        "labels": (dict(service.labels), {}),
        "declared": (service.declared, True),
    }


def _endpoint_fields(endpoint: Endpoint) -> dict[str, tuple[object, object]]:
    """Field behind the addresses: what it is, and the default at which it is left out."""
    return {
        "ports": ([_port_fields(port) for port in endpoint.ports], []),
        "weight": (endpoint.weight, WEIGHT_DEFAULT),
        "priority": (endpoint.priority, 0),
        "hostname": (endpoint.hostname, None),
        "ready": (endpoint.ready, True),
        "draining": (endpoint.draining, False),
        "metadata": (dict(endpoint.metadata), {}),
        "lease_seconds": (endpoint.lease_seconds, LEASE_SECONDS_DEFAULT),
    }


def _port_fields(port: Port | ServicePort) -> dict[str, object]:
    told: dict[str, object] = {"port": port.port}
    if port.name:
        told["name"] = port.name
    if port.protocol != "TCP":
        told["protocol"] = port.protocol
    if isinstance(port, ServicePort) and port.target_port is not None:
        told["target_port"] = port.target_port
    return told


def _health_fields(check: HealthCheck) -> dict[str, object]:
    default = HealthCheck(check.type)
    told = {name: value for name, value in asdict(check).items() if value != getattr(default, name)}
    return {"type": check.type, **told}


def _health_check(stored: object) -> HealthCheck | None:
    """Raises TypeError for what is none; a field that a newer dnsd wrote is passed over."""
    if stored is None:
        return None
    given = _exact(dict, stored)
    return HealthCheck(
        given["type"],
        _text(given.get("port", "")),
        _text(given.get("path", "/")),
        _number(given.get("interval_seconds", INTERVAL_SECONDS_DEFAULT)),
        _number(given.get("timeout_seconds", TIMEOUT_SECONDS_DEFAULT)),
        _number(given.get("up", UP_DEFAULT)),
        _number(given.get("down", DOWN_DEFAULT)),
    )


def _read_object(text: str) -> dict[str, Any]:
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise InvalidRecord(Fault("", f"not JSON: {fault}")) from None
    if not isinstance(stored, dict):
        raise InvalidRecord(Fault("", "not a JSON object"))
    return stored


def _port_words(stored: Mapping[str, Any]) -> tuple[str, Any, int]:
    return _text(stored.get("name", "")), stored.get("protocol", "TCP"), _number(stored["port"])


@lru_cache(maxsize=4096)
def _shared_ports(ports: tuple[tuple[str, Any, int], ...]) -> tuple[Port, ...]:
    """Ports of an endpoint, one object for all endpoints that have the same: nearly all of a service do."""
    return tuple([Port(*words) for words in ports])


def _service_port(stored: Mapping[str, Any]) -> ServicePort:
    target = stored.get("target_port")
    if target is not None and type(target) is not str:
        target = _number(target)
    return ServicePort(_text(stored.get("name", "")), stored.get("protocol", "TCP"), _number(stored["port"]), target)


def _number(given: object) -> int:
    return _exact(int, given)


def _flag(given: object) -> bool:
    return _exact(bool, given)


def _text(given: object) -> str:
    return _exact(str, given)


def _text_or_none(given: object) -> str | None:
    return None if given is None else _exact(str, given)


def _list(given: object) -> list[str]:
    return [_exact(str, item) for item in _exact(list, given)]


def _texts(given: object) -> dict[str, str]:
    texts = _exact(dict, given)
    for key, value in texts.items():
        (_exact(str, key) + _exact(str, value)).encode()  # half of a surrogate pair is no character (RFC 8259 8.2)
    return texts


def _exact(kind: type[T], given: object) -> T:
    """``given`` when it is just of this type; a boolean is no number here."""
    if type(given) is not kind:
        raise TypeError(f"{given!r:.80} is not of type {kind.__name__}")
    return given
