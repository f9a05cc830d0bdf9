"""A thousand registrations at once are spread over a lease; one by one they are all taken."""

import pytest

from dnsd.model.errors import Herd as TooMany
from dnsd.registry.herd import Herd


def test_a_herd_is_spread_over_a_lease(hand_clock):
    chances = iter([0.0, 0.5, 1.0, 1.0])
    herd = Herd(2, hand_clock, lambda: next(chances))
    herd.admit(15)
    herd.admit(15)
    waits = []
    for _ in range(3):
        with pytest.raises(TooMany) as refusal:
            herd.admit(15)
        waits.append(refusal.value.retry_after_seconds)
    assert waits == [1, 8, 15]
    assert herd.refused == 3
    hand_clock.advance(0.5)
    herd.admit(None)
    with pytest.raises(TooMany):
        herd.admit(None)


def test_a_rate_is_kept_and_nought_is_no_limit(hand_clock):
    herd = Herd(10, hand_clock)
    for _ in range(100):
        herd.admit(15)
        hand_clock.advance(0.1)
    free = Herd(0, hand_clock)
    for _ in range(1000):
        free.admit(15)
    assert herd.refused == free.refused == 0
