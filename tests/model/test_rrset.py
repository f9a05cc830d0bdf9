"""An RRset has records and a possible TTL, or it is none."""

import pytest

from dnsd.model.names import ROOT
from dnsd.model.rrset import TTL_SECONDS_MAX, Record, RRset


@pytest.mark.parametrize("ttl", [0, 5, TTL_SECONDS_MAX])
def test_ttls_that_can_be(ttl: int) -> None:
    assert RRset(ROOT, 1, ttl, (Record(b"\0\0\0\0"),)).ttl == ttl


@pytest.mark.parametrize("ttl", [-1, TTL_SECONDS_MAX + 1])
def test_a_ttl_has_31_bits(ttl: int) -> None:
    with pytest.raises(ValueError, match="RFC 2181 8"):
        RRset(ROOT, 1, ttl, (Record(b"\0\0\0\0"),))


def test_no_records_no_rrset() -> None:
    with pytest.raises(ValueError, match="without records"):
        RRset(ROOT, 1, 5, ())


def test_a_record_counts_once_in_the_only_priority() -> None:
    assert Record(b"x") == Record(b"x", priority=0, weight=1)
