"""What ``/metrics`` tells of the registry: mirror, store, leases, health checks, watchers. No label is ever a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from dnsd.health.checks import Checks
from dnsd.registry.disk import Disk
from dnsd.registry.mirror import Mirror
from dnsd.registry.replicas import Replicas
from dnsd.registry.services import Services
from dnsd.registry.ticker import Ticker
from dnsd.runtime.metrics import duration_family

_CHANGE_TEXT = "From a write's arrival until this replica answers from it"


class Families:
    """The families of a replica's parts; a part that is None has none."""

    def __init__(
        self,
        mirror: Mirror,
        services: Services,
        watchers: Callable[[], int],
        disk: Disk | None = None,
        ticker: Ticker | None = None,
        replicas: Replicas | None = None,
        checks: Checks | None = None,
    ) -> None:
        self._mirror = mirror
        self._services = services
        self._watchers = watchers
        self._disk = disk
        self._ticker = ticker
        self._replicas = replicas
        self._checks = checks

    def collect(self) -> Iterator[Metric]:
        """All of them, as they are now."""
        yield from self._of_the_mirror()
        yield from self._of_the_store()
        if self._ticker is not None:
            yield from _of_leases(self._ticker)
        if self._checks is not None:
            yield from _of_checks(self._checks)
        if self._disk is not None:
            yield _counter("dnsd_disk_failures", "Mirror on disk: failures", self._disk.failures)
        if self._replicas is not None:
            what = "Times that a replica at the same revision held something else"
            yield _counter("dnsd_digest_differences", what, self._replicas.differences)
        yield _gauge("dnsd_admin_watchers", "Open watch streams", self._watchers())

    def _of_the_mirror(self) -> Iterator[Metric]:
        status = self._mirror.status()
        yield _gauge("dnsd_registry_loaded", "1 once the registry was loaded", status.loaded)
        yield _gauge("dnsd_registry_connected", "1 while the store is within reach", status.connected)
        yield _gauge("dnsd_registry_revision", "Revision that the mirror holds", status.revision)
        yield _gauge("dnsd_registry_age_seconds", "Seconds since the store was last heard of", status.age_seconds)
        what = "Revisions that the store was ahead of the mirror at the last look, each second"
        yield _gauge("dnsd_registry_lag_revisions", what, self._mirror.lag)
        yield _gauge("dnsd_registry_bad_records", "Records of the store that made no sense", status.bad_records)
        yield _counter("dnsd_registry_loads", "Times that everything was read from the store", self._mirror.loads)
        changes = self._services.changes
        yield duration_family("dnsd_change_to_answer_seconds", _CHANGE_TEXT, changes.numbers, changes.sum_seconds)
        yield _gauge("dnsd_store_suspect", "1 while the store is not believed: see /readyz", status.is_suspect)
        yield _gauge("dnsd_store_held_records", "Records answered that the store has lost", status.held)

    def _of_the_store(self) -> Iterator[Metric]:
        errors = CounterMetricFamily("dnsd_store_errors", "Calls that the store did not answer", labels=["reason"])
        for reason, number in self._services.store_faults.items():
            errors.add_metric([reason], number)
        yield errors


def _of_leases(ticker: Ticker) -> Iterator[Metric]:
    yield _gauge("dnsd_leases", "Leases in the registry", ticker.running)
    yield _gauge("dnsd_self_preservation", "1 while leases do not run out", bool(ticker.guard_since))
    yield _gauge("dnsd_held_endpoints", "Endpoints kept although their lease ran out", ticker.held)
    yield _counter("dnsd_expired_endpoints", "Expired, by this replica", ticker.expired)


def _of_checks(checks: Checks) -> Iterator[Metric]:
    yield _gauge("dnsd_health_checked_endpoints", "Endpoints that this replica checks", checks.own)
    yield _gauge("dnsd_health_failing_endpoints", "Endpoints of the registry that fail their check", checks.failing)
    what = "Services all of whose endpoints fail, so that the check counts for nothing"
    yield _gauge("dnsd_health_failing_services", what, len(checks.open_services))
    looks = CounterMetricFamily("dnsd_health_looks", "Looks of this replica at endpoints", labels=["result"])
    for result, number in checks.looks.items():
        looks.add_metric([result], number)
    yield looks


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value=value)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)
