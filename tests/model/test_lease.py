"""A lease is a lower bound, counted in ticks."""

import pytest

from dnsd.model.lease import deadline_tick, renew_every_seconds


@pytest.mark.parametrize("seconds", [1, 15, 86_400])
def test_a_lease_never_ends_early(seconds: int) -> None:
    # A renewal late within tick 100 has its whole length before it when the deadline's tick begins.
    assert deadline_tick(100, seconds) - (100 + 1) >= seconds


@pytest.mark.parametrize(("seconds", "every"), [(15, 5.0), (1, pytest.approx(0.333, abs=0.001)), (86_400, 28_800.0)])
def test_a_lease_is_renewed_three_times_over(seconds: int, every: float) -> None:
    assert renew_every_seconds(seconds) == every
