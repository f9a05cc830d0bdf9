"""Pauses with full jitter."""

from dnsd.cli.backoff import Backoff


def pauses(chance: float, count: int, **limits: float) -> list[float]:
    backoff = Backoff(lambda: chance, **limits)
    return [backoff.next_seconds() for _ in range(count)]


def test_the_bound_doubles_up_to_fifteen_seconds():
    assert pauses(1.0, 7) == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]


def test_no_pause_is_shorter_than_half_a_second():
    assert pauses(0.0, 20) == [0.5] * 20


def test_the_most_may_be_less_but_never_below_the_least():
    assert pauses(1.0, 3, most_seconds=1.5) == [1.0, 1.5, 1.5]
    assert pauses(1.0, 2, most_seconds=0.1) == [0.5, 0.5]


def test_it_begins_anew_when_it_worked():
    backoff = Backoff(lambda: 1.0)
    assert [backoff.next_seconds(), backoff.next_seconds()] == [1.0, 2.0]
    backoff.reset()
    assert backoff.next_seconds() == 1.0


def test_chance_spreads_between_least_and_bound():
    drawn = [Backoff().next_seconds() for _ in range(200)]
    assert 0.5 <= min(drawn) < 0.6
    assert 0.9 < max(drawn) <= 1.0
