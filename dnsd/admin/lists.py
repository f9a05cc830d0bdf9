"""Pages of services and endpoints, read from the mirror in the order of their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from aiohttp import web

from dnsd.admin import queries
from dnsd.admin.wanted import labels_of
from dnsd.authority.inventory import Holding, Inventory
from dnsd.codec.document import folded
from dnsd.codec.selector import Selector, selects
from dnsd.model.service import Endpoint, Service, ServiceKey

STATES = ("ready", "not-ready", "draining", "failing")
PARAMETERS = ("limit", "cursor", "namespace", "state")

V = TypeVar("V", Service, Endpoint)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a list asks for. ``after``: the key behind which it starts; ``may_read``: who asks may see this service."""

    namespace: str | None
    service: str | None
    labels: Selector
    state: str | None
    limit: int
    after: tuple[str, ...] | None
    may_read: Callable[[ServiceKey], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Page(Generic[V]):
    """Items in the order of their keys, and the cursor of the next page, if there is one."""

    items: list[V]
    next: str | None


def selection_of(request: web.Request, key_parts: int, may_read: Callable[[ServiceKey], bool]) -> Selection:
    """The selection in a list's parameters. Raises BadParameter."""
    namespace, service = request.query.get("namespace"), request.query.get("service")
    return Selection(
        namespace=None if namespace is None else folded(namespace),
        service=None if service is None else folded(service),
        labels=queries.labels(request),
        state=queries.choice(request, "state", STATES),
        limit=queries.limit(request),
        after=queries.cursor(request, key_parts),
        may_read=may_read,
    )


def services_page(inventory: Inventory, selection: Selection) -> Page[Service]:
    """The services that are selected. A service is in a state when one of its endpoints is; not ready when none is."""
    return _page(_selected_services(inventory, selection), selection.limit)


def endpoints_page(inventory: Inventory, selection: Selection) -> Page[Endpoint]:
    """The endpoints that are selected; a label counts in an endpoint's metadata and in its service's labels."""
    return _page(selected_endpoints(inventory, selection), selection.limit)


def state_of(endpoint: Endpoint) -> str:
    """One of ``STATES``."""
    if endpoint.draining:
        return "draining"
    if not endpoint.ready:
        return "not-ready"
    return "ready" if endpoint.failing is None else "failing"


def _page(found: Iterator[V], limit: int) -> Page[V]:
    items: list[V] = []
    for value in found:
        if len(items) == limit:
            return Page(items, queries.cursor_text(items[-1].key))
        items.append(value)
    return Page(items, None)


def _selected_services(inventory: Inventory, selection: Selection) -> Iterator[Service]:
    for key in _service_keys(inventory, selection):
        holding = inventory.holdings[key]
        service = holding.service
        if service is None or key == selection.after:
            continue
        if selects(selection.labels, service.labels) and _has_state(selection, holding):
            yield service


def selected_endpoints(inventory: Inventory, selection: Selection) -> Iterator[Endpoint]:
    """All of them, in the order of their keys."""
    for key in _service_keys(inventory, selection):
        holding = inventory.holdings[key]
        for identifier in sorted(holding.endpoints):
            endpoint = holding.endpoints[identifier]
            if selection.after is not None and endpoint.key <= selection.after:
                continue
            if selection.state in (None, state_of(endpoint)) and selects(
                selection.labels, labels_of(endpoint, holding.service)
            ):
                yield endpoint


def _service_keys(inventory: Inventory, selection: Selection) -> list[ServiceKey]:
    """The services in question, from the one where the page starts, in order."""
    first = selection.after[:2] if selection.after else ("", "")
    return sorted(
        key
        for key in inventory.holdings
        if key >= first
        and selection.namespace in (None, key[0])
        and selection.service in (None, key[1])
        and selection.may_read(key)
    )


def _has_state(selection: Selection, holding: Holding) -> bool:
    if selection.state is None:
        return True
    states = {state_of(endpoint) for endpoint in holding.endpoints.values()}
    return "ready" not in states if selection.state == "not-ready" else selection.state in states
