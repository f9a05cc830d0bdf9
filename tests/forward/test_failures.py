from upstreams import AAAA, a_question

from dnsd.forward import failures as failures_module
from dnsd.forward.failures import Failures


def rest_of(failures, wanted, clock):
    """How many tenths of a second the question rests."""
    for tenths in range(1000):
        if not failures.is_resting(wanted):
            return tenths
        clock.advance(0.1)
    raise AssertionError("for ever")


def test_a_failed_question_rests_for_a_second_then_twice_as_long_each_time_up_to_thirty(hand_clock):
    failures, wanted = Failures(hand_clock), a_question()
    rests = []
    for _ in range(8):
        failures.add(wanted)
        assert not failures.is_resting(a_question(key=AAAA))
        rests.append(rest_of(failures, wanted, hand_clock))
    expected = (10, 20, 40, 80, 160, 300, 300, 300)
    assert all(abs(rest - most) <= 1 for rest, most in zip(rests, expected, strict=True)), rests


def test_an_answer_or_a_minute_makes_the_next_failure_the_first(hand_clock):
    failures, wanted = Failures(hand_clock), a_question()
    for _ in range(3):
        failures.add(wanted)
    failures.forget(wanted)
    assert not failures.is_resting(wanted)
    failures.add(wanted)
    assert abs(rest_of(failures, wanted, hand_clock) - 10) <= 1
    failures.add(wanted)
    hand_clock.advance(70)
    failures.add(wanted)
    assert abs(rest_of(failures, wanted, hand_clock) - 10) <= 1


def test_their_number_is_bounded(hand_clock, monkeypatch):
    monkeypatch.setattr(failures_module, "QUESTIONS_MOST", 100)
    failures = Failures(hand_clock)
    for number in range(300):
        failures.add(a_question(f"n{number}.example.com"))
    assert sum(failures.is_resting(a_question(f"n{number}.example.com")) for number in range(300)) == 100
