"""``/metrics``: what the parts of this replica count, in Prometheus' text format. Names never become labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dnsd.health.checks import Checks
from dnsd.registry.disk import Disk
from dnsd.registry.mirror import Mirror
from dnsd.registry.replicas import Replicas
from dnsd.registry.ticker import Ticker

Collect = Callable[[], Iterable[Metric]]

_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"})


class MetricsCalls:
    """``/metrics``, and the count of requests that is part of it."""

    def __init__(
        self,
        mirror: Mirror,
        watchers: Callable[[], int],
        collectors: Iterable[Collect],
        refresh: Callable[[], Awaitable[None]] | None,
        disk: Disk | None = None,
        ticker: Ticker | None = None,
        replicas: Replicas | None = None,
        checks: Checks | None = None,
    ) -> None:
        self._mirror = mirror
        self._watchers = watchers
        self._disk = disk
        self._ticker = ticker
        self._replicas = replicas
        self._checks = checks
        self._refresh = refresh
        self._requests: Counter[tuple[str, str, str]] = Counter()
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
            status = 500
            try:
                response = await handler(request)
                status = response.status
            except web.HTTPException as refusal:
                status = refusal.status
                raise
            finally:
                self._requests[_method(request), _pattern(request), str(status)] += 1
            return response

        return count

    def _collect(self) -> Iterator[Metric]:
        status = self._mirror.status()
        yield _gauge("dnsd_registry_loaded", "1 once the registry was loaded", status.loaded)
        yield _gauge("dnsd_registry_connected", "1 while the store is within reach", status.connected)
        yield _gauge("dnsd_registry_revision", "Revision that the mirror holds", status.revision)
        yield _gauge("dnsd_registry_age_seconds", "Seconds since the store was last heard of", status.age_seconds)
        yield _gauge("dnsd_registry_bad_records", "Records of the store that made no sense", status.bad_records)
        yield _gauge("dnsd_store_suspect", "1 while the store is not believed: see /readyz", status.is_suspect)
        yield _gauge("dnsd_store_held_records", "Records answered that the store has lost", status.held)
        if self._disk is not None:
            yield CounterMetricFamily("dnsd_disk_failures", "Mirror on disk: failures", value=self._disk.failures)
        if self._replicas is not None:
            what = "Times that a replica at the same revision held something else"
            yield CounterMetricFamily("dnsd_digest_differences", what, value=self._replicas.differences)
        if self._ticker is not None:
            yield _gauge("dnsd_self_preservation", "1 while leases do not run out", bool(self._ticker.guard_since))
            yield _gauge("dnsd_held_endpoints", "Endpoints kept although their lease ran out", self._ticker.held)
            yield CounterMetricFamily("dnsd_expired_endpoints", "Expired, by this replica", value=self._ticker.expired)
        if self._checks is not None:
            yield from _health_families(self._checks)
        yield _gauge("dnsd_admin_watchers", "Open watch streams", self._watchers())
        requests = CounterMetricFamily("dnsd_admin_requests", "Admin requests", labels=["method", "path", "status"])
        for labels, count in self._requests.items():
            requests.add_metric(labels, count)
        yield requests


def _health_families(checks: Checks) -> Iterator[Metric]:
    yield _gauge("dnsd_health_checked_endpoints", "Endpoints that this replica checks", checks.own)
    yield _gauge("dnsd_health_failing_endpoints", "Endpoints of the registry that fail their check", checks.failing)
    what = "Services all of whose endpoints fail, so that the check counts for nothing"
    yield _gauge("dnsd_health_failing_services", what, len(checks.open_services))
    looks = CounterMetricFamily("dnsd_health_looks", "Looks of this replica at endpoints", labels=["result"])
    for result, count in checks.looks.items():
        looks.add_metric([result], count)
    yield looks


def _method(request: web.Request) -> str:
    return request.method if request.method in _METHODS else "other"


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


class _Collected(Collector):
    """Callables as one collector."""

    def __init__(self, collectors: Iterable[Collect]) -> None:
        self._collectors = tuple(collectors)

    def collect(self) -> Iterator[Metric]:
        """Every family of every collector."""
        for collect in self._collectors:
            yield from collect()
