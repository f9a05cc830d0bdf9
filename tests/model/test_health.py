"""What a health check may say, and every fault of one at once."""

import pytest

from dnsd.model.errors import InvalidRecord
from dnsd.model.health import CHECK_TYPES, FAILINGS, HealthCheck, health_faults
from dnsd.model.service import Service


def test_the_defaults_are_sound():
    for kind in CHECK_TYPES:
        assert list(health_faults(HealthCheck(kind))) == []
        assert Service("default", "web", health=HealthCheck(kind)).health.type == kind


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"type": "icmp"}, "/health/type"),
        ({"port": "Web_1"}, "/health/port"),
        ({"path": "healthz"}, "/health/path"),
        ({"path": "/a b"}, "/health/path"),
        ({"path": "/a\r\nHost: other"}, "/health/path"),
        ({"path": "/a\n"}, "/health/path"),
        ({"path": "/" + "x" * 1024}, "/health/path"),
        ({"path": "/é"}, "/health/path"),
        ({"interval_seconds": 0, "timeout_seconds": 1}, "/health/interval_seconds"),
        ({"interval_seconds": 3601}, "/health/interval_seconds"),
        ({"interval_seconds": 5, "timeout_seconds": 6}, "/health/timeout_seconds"),
        ({"up": 0}, "/health/up"),
        ({"down": 101}, "/health/down"),
    ],
)
def test_each_fault_is_named_where_it_stands(fields, pointer):
    check = HealthCheck(**{"type": "http", **fields})
    assert [fault.pointer for fault in health_faults(check)] == [pointer]
    with pytest.raises(InvalidRecord) as invalid:
        Service("default", "web", health=check)
    assert [fault.pointer for fault in invalid.value.faults] == [pointer]


def test_every_kind_of_failure_has_words_for_people():
    assert all(FAILINGS.values())
    assert len(set(FAILINGS.values())) == len(FAILINGS)
