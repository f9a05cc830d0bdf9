"""Durations in buckets: each counted once, up to and with its bound, and the last bucket takes the rest."""

from dnsd.runtime.durations import BOUNDS_SECONDS, Durations, cumulative


def test_each_is_counted_in_the_first_bucket_that_holds_it():
    durations = Durations()
    for seconds in (0.0, 0.0001, 0.00011, 1.0, 99.0):
        durations.note(seconds)
    assert durations.numbers[:2] == [2, 1]
    assert durations.numbers[-1] == 1
    assert sum(durations.numbers) == 5
    assert round(durations.sum_seconds, 6) == 100.00021


def test_buckets_add_up_and_end_at_infinity():
    durations = Durations()
    durations.note(0.003)
    durations.note(3.0)
    told = cumulative(durations.numbers)
    assert len(told) == len(BOUNDS_SECONDS) + 1
    assert told[-1] == ("+Inf", 2.0)
    assert dict(told)["0.0025"] == 0.0
    assert dict(told)["0.005"] == dict(told)["2.5"] == 1.0
