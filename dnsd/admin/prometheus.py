"""``/v1/prometheus``: what is registered as targets of Prometheus, in the form of its HTTP service discovery."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from aiohttp import web

from dnsd.admin import lists, queries
from dnsd.admin.access import Access
from dnsd.admin.inventory import loaded_inventory
from dnsd.admin.wanted import labels_of
from dnsd.authority.inventory import Inventory
from dnsd.model.names import is_ipv6
from dnsd.model.service import Endpoint
from dnsd.registry.mirror import Mirror

PARAMETERS = ("namespace", "service", "state", "port")
_NO_LABEL = re.compile(r"[^a-zA-Z0-9_]")


class PrometheusCalls:
    """``/v1/prometheus``."""

    def __init__(self, mirror: Mirror, access: Access) -> None:
        self._mirror = mirror
        self._access = access

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get("/v1/prometheus", self.list)]

    async def list(self, request: web.Request) -> web.Response:
        """A target for each address and TCP port, not ready ones too: relabelling chooses by ``__meta_dnsd_state``."""
        queries.check_parameters(request, *PARAMETERS, repeatable="label")
        selection = lists.selection_of(request, 3, self._access.may_read(request))
        inventory, port = loaded_inventory(self._mirror), request.query.get("port")
        groups = [
            group
            for endpoint in lists.selected_endpoints(inventory, selection)
            for group in _groups(inventory, endpoint, port)
        ]
        # A list, as Prometheus wants it; no object of ours has this form.
        return web.Response(text=json.dumps(groups, separators=(",", ":")), content_type="application/json")


def _groups(inventory: Inventory, endpoint: Endpoint, port_name: str | None) -> Iterator[dict[str, object]]:
    """One group for each TCP port, of that name if one is given."""
    labels = {
        "__meta_dnsd_namespace": endpoint.namespace,
        "__meta_dnsd_service": endpoint.service,
        "__meta_dnsd_endpoint": endpoint.id,
        "__meta_dnsd_state": lists.state_of(endpoint),
    }
    known = labels_of(endpoint, inventory.service((endpoint.namespace, endpoint.service)))
    labels |= {f"__meta_dnsd_label_{_NO_LABEL.sub('_', name)}": value for name, value in known.items()}
    for port in endpoint.ports:
        if port.protocol == "TCP" and port_name in (None, port.name):
            targets = [f"[{address}]:{port.port}" if is_ipv6(address) else f"{address}:{port.port}"
                       for address in endpoint.addresses]  # fmt: skip
            yield {"targets": targets, "labels": {**labels, "__meta_dnsd_port_name": port.name}}
