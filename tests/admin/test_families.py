"""Every family of a replica is there from the start, moves with what it tells of, and has no name for a label."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

ALWAYS = {
    "dnsd_registry_loaded",
    "dnsd_registry_age_seconds",
    "dnsd_registry_lag_revisions",
    "dnsd_change_to_answer_seconds",
    "dnsd_store_errors",
    "dnsd_store_suspect",
    "dnsd_admin_watchers",
    "dnsd_admin_request_duration_seconds",
}
LABELS = {"method", "path", "status", "reason", "result", "le"}


async def families(replica: Any) -> dict[str, Any]:
    text = (await replica.call("GET", "/metrics")).octets.decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(family: Any, suffix: str, **labels: str) -> float:
    return sum(
        sample.value
        for sample in family.samples
        if sample.name.endswith(suffix) and labels.items() <= sample.labels.items()
    )


async def test_all_are_there_and_their_labels_are_few(replica: Any) -> None:
    found = await families(replica)
    assert found.keys() >= ALWAYS
    labels = {label for family in found.values() for sample in family.samples for label in sample.labels}
    assert labels <= LABELS


async def test_a_change_is_timed_until_it_is_answered_and_a_repeat_is_not(replica: Any) -> None:
    body = {"address": "192.0.2.10"}
    for _ in range(3):
        await replica.call("PUT", "/v1/namespaces/default/services/secret/endpoints/secret-1", body)
    found = await families(replica)
    assert value(found["dnsd_change_to_answer_seconds"], "_count") == 1
    assert value(found["dnsd_admin_request_duration_seconds"], "_count", method="PUT") == 3
    assert "secret" not in str(found)
