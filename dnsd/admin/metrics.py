"""``/metrics``: what the parts of this replica count, in Prometheus' text format. Names never become labels."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from dnsd.runtime.durations import Durations, cumulative

Collect = Callable[[], Iterable[Metric]]

_STREAMS = frozenset({"/v1/watch"})
"""Whose requests last as long as somebody listens."""
_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"})


class MetricsCalls:
    """``/metrics``, and the count of requests that is part of it."""

    def __init__(self, collectors: Iterable[Collect], refresh: Callable[[], Awaitable[None]] | None) -> None:
        self._refresh = refresh
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._durations = {method: Durations() for method in sorted(_METHODS)}
        self._registry = CollectorRegistry()
        self._registry.register(_Collected([*collectors, self._collect]))

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get("/metrics", self.show)]

    async def show(self, _: web.Request) -> web.Response:
        """All metrics."""
        if self._refresh is not None:
            await self._refresh()
        return web.Response(body=generate_latest(self._registry), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})

    def counting(self) -> Middleware:
        """A middleware that counts requests by method, path pattern and status."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            status, began = 500, asyncio.get_running_loop().time()
            try:
                response = await handler(request)
                status = response.status
            except web.HTTPException as refusal:
                status = refusal.status
                raise
            finally:
                method, pattern = _method(request), _pattern(request)
                self._requests[method, pattern, str(status)] += 1
                if pattern not in _STREAMS and method in self._durations:
                    self._durations[method].note(asyncio.get_running_loop().time() - began)
            return response

        return count

    def _collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("dnsd_admin_requests", "Admin requests", labels=["method", "path", "status"])
        for labels, count in self._requests.items():
            requests.add_metric(labels, count)
        yield requests
        text = "Time of a request but for streams"
        took = HistogramMetricFamily("dnsd_admin_request_duration_seconds", text, labels=["method"])
        for method, durations in self._durations.items():
            took.add_metric([method], cumulative(durations.numbers), durations.sum_seconds)
        yield took


def _method(request: web.Request) -> str:
    return request.method if request.method in _METHODS else "other"


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


class _Collected(Collector):
    """Callables as one collector."""

    def __init__(self, collectors: Iterable[Collect]) -> None:
        self._collectors = tuple(collectors)

    def collect(self) -> Iterator[Metric]:
        """Every family of every collector."""
        for collect in self._collectors:
            yield from collect()
