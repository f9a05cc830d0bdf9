"""The columns: each family of calls once, no call twice, and the metrics of every part."""

from typing import Any

import pytest

from dnsd.admin.changes import ChangeCalls
from dnsd.admin.columns import columns_of, metrics_of
from dnsd.admin.metrics import MetricsCalls
from dnsd.answer.policy import AS_THEY_COME


@pytest.fixture
def door(replica: Any) -> tuple[ChangeCalls, MetricsCalls]:
    """What the door has of its own."""
    return ChangeCalls(replica.mirror, replica.access, AS_THEY_COME), metrics_of(replica.parts, lambda: 7)


async def test_every_family_of_calls_stands_there_once(replica: Any, door: tuple[ChangeCalls, MetricsCalls]) -> None:
    columns = columns_of(replica.parts, *door)
    assert len({type(column) for column in columns}) == len(columns) == 18
    assert [column for column in columns if column in door] == list(door)


async def test_no_call_is_taken_twice(replica: Any, door: tuple[ChangeCalls, MetricsCalls]) -> None:
    taken = [(route.method, route.path) for column in columns_of(replica.parts, *door) for route in column.routes()]
    assert sorted(set(taken)) == sorted(taken)
    assert ("GET", "/livez") in taken


async def test_the_metrics_are_those_of_the_registry_and_of_open_streams(
    replica: Any, door: tuple[ChangeCalls, MetricsCalls]
) -> None:
    shown = (await door[1].show(None)).body.decode()
    assert "dnsd_admin_watchers 7.0\n" in shown
    assert "dnsd_registry_loaded 1.0\n" in shown
