"""What the path of a request names. Labels fold here, and what cannot be a name is refused."""

from __future__ import annotations

from functools import lru_cache
from sys import intern

from aiohttp import web

from dnsd.codec.document import folded
from dnsd.model import names
from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.names import LABEL_OCTETS_MAX
from dnsd.model.service import EndpointKey, ServiceKey

SERVICES = "/v1/namespaces/{namespace}/services"
SERVICE = SERVICES + "/{service}"
ENDPOINTS = SERVICE + "/endpoints"
ENDPOINT = ENDPOINTS + "/{id}"


def namespace_of(request: web.Request) -> str:
    """The namespace. Raises InvalidRecord."""
    namespace = folded(request.match_info["namespace"])
    _raise_any(_label_faults("/namespace", namespace))
    return namespace


def service_key_of(request: web.Request) -> ServiceKey:
    """Namespace and service. Raises InvalidRecord."""
    return checked_service_key(request.match_info["namespace"], request.match_info["service"])


def endpoint_key_of(request: web.Request) -> EndpointKey:
    """Namespace, service and id. Raises InvalidRecord."""
    path = request.match_info
    return checked_endpoint_key(path["namespace"], path["service"], path["id"])


def checked_service_key(namespace: str, service: str, at: str = "") -> ServiceKey:
    """The key, folded. Raises InvalidRecord with pointers below ``at``."""
    key = folded(namespace), folded(service)
    _raise_any([*_label_faults(f"{at}/namespace", key[0]), *_label_faults(f"{at}/service", key[1])])
    return key


def checked_endpoint_key(namespace: str, service: str, identifier: str, at: str = "") -> EndpointKey:
    """The key, labels folded. Raises InvalidRecord with pointers below ``at``."""
    labels = _sound_labels(namespace, service) if len(namespace) + len(service) <= 2 * LABEL_OCTETS_MAX else None
    if labels is not None and names.is_endpoint_id(identifier):
        return labels[0], labels[1], identifier
    key = folded(namespace), folded(service), identifier
    faults = [*_label_faults(f"{at}/namespace", key[0]), *_label_faults(f"{at}/service", key[1])]
    if not names.is_endpoint_id(identifier):
        faults.append(Fault(f"{at}/id", f"{identifier!r:.200} is not 1 to 128 of A-Z a-z 0-9 . _ : -"))
    _raise_any(faults)
    return key


@lru_cache(maxsize=4096)
def _sound_labels(namespace: str, service: str) -> ServiceKey | None:
    """The two folded, or None when they are no labels. Cached: the endpoints of a service share its very strings."""
    key = intern(folded(namespace)), intern(folded(service))
    return key if names.is_label(key[0]) and names.is_label(key[1]) else None


def _label_faults(pointer: str, label: str) -> list[Fault]:
    if names.is_label(label):
        return []
    return [Fault(pointer, f"{label!r:.200} is not a label: 1 to 63 of a-z 0-9 -, no dash at either end (RFC 1123)")]


def _raise_any(faults: list[Fault]) -> None:
    if faults:
        raise InvalidRecord(*faults)
