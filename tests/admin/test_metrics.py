"""Metrics come from all collectors, freshly; requests are counted by pattern, never by name."""

from collections.abc import Iterable
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families


async def samples(replica: Any) -> dict[str, float]:
    answer = await replica.call("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.octets.decode())
    return {
        sample.name + "".join(f" {label}" for label in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


async def test_the_mirror_and_the_requests(replica: Any) -> None:
    await replica.call("PUT", "/v1/namespaces/default/services/web", {})
    await replica.call("GET", "/v1/namespaces/default/services/secret-name")
    await replica.call("GET", "/nowhere/secret-name")
    await replica.call("MKCOL", "/livez")
    found = await samples(replica)
    assert found["dnsd_registry_loaded"] == found["dnsd_registry_connected"] == 1
    assert found["dnsd_registry_revision"] == replica.mirror.revision
    assert found["dnsd_admin_watchers"] == 0
    pattern = "/v1/namespaces/{namespace}/services/{service}"
    assert found[f"dnsd_admin_requests_total PUT {pattern} 201"] == 1
    assert found[f"dnsd_admin_requests_total GET {pattern} 404"] == 1
    assert found["dnsd_admin_requests_total GET unknown 404"] == 1
    assert found["dnsd_admin_requests_total other unknown 405"] == 1
    assert "secret" not in str(found)


async def test_collectors_of_others_are_refreshed_and_asked(new_replica: Any) -> None:
    counted = 0

    async def refresh() -> None:
        nonlocal counted
        counted += 1

    def collect() -> Iterable[Metric]:
        yield CounterMetricFamily("dnsd_answers", "Answers", value=counted)

    async with new_replica(collectors=[collect], refresh=refresh) as replica:
        assert (await samples(replica))["dnsd_answers_total"] == 1
        assert (await samples(replica))["dnsd_answers_total"] == 2
