from dnsd.forward.health import HEDGE_SECONDS_LEAST, HEDGE_SECONDS_MOST, Health
from dnsd.forward.upstream import Upstream

ONE, TWO, THREE = (Upstream(f"192.0.2.{number}") for number in (1, 2, 3))


def test_upstreams_keep_their_order_while_they_do_well(hand_clock):
    health = Health(hand_clock)
    health.answered(THREE, 0.001)
    health.failed(ONE)
    assert health.ordered([ONE, TWO, THREE]) == [ONE, TWO, THREE]
    assert health.resting() == 0


def test_who_fails_twice_comes_last_for_a_while_and_is_never_given_up(hand_clock):
    health = Health(hand_clock)
    for _ in range(2):
        health.failed(ONE)
    assert health.ordered([ONE, TWO]) == [TWO, ONE]
    hand_clock.advance(1)
    assert health.ordered([ONE, TWO]) == [ONE, TWO]
    for _ in range(50):
        health.failed(ONE)
    hand_clock.advance(29.9)
    assert (health.ordered([ONE, TWO]), health.resting()) == ([TWO, ONE], 1)
    for _ in range(2):
        health.failed(TWO)
    assert sorted(health.ordered([ONE, TWO]), key=str) == [ONE, TWO]
    health.answered(ONE, 0.01)
    assert health.ordered([ONE, TWO]) == [ONE, TWO]
    assert health.ordered([ONE]) == [ONE]


def test_the_next_is_asked_early_by_how_fast_the_first_usually_is(hand_clock):
    health = Health(hand_clock)
    assert health.hedge_seconds(ONE) == HEDGE_SECONDS_MOST
    health.answered(ONE, 0.05)
    assert abs(health.hedge_seconds(ONE) - 0.2) < 0.001
    for _ in range(50):
        health.answered(ONE, 0.001)
    assert health.hedge_seconds(ONE) == HEDGE_SECONDS_LEAST
    for _ in range(50):
        health.answered(ONE, 3.0)
    assert health.hedge_seconds(ONE) == HEDGE_SECONDS_MOST
