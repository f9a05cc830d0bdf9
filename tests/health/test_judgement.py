"""Thresholds: so many in a row, and nothing is told twice."""

from dnsd.health.judgement import Judgement
from dnsd.model.health import HealthCheck

CHECK = HealthCheck("tcp", up=2, down=3)


def verdicts(looks, standing=None):
    """What is told after each look, when the registry believes every verdict."""
    judgement, told = Judgement(), []
    for seen in looks:
        verdict = judgement.take(seen, standing, CHECK)
        told.append(verdict)
        if verdict is not None:
            standing = None if verdict == "passes" else verdict
    return told


def test_down_after_so_many_failures_in_a_row_and_up_after_so_many_successes():
    assert verdicts(["refused"] * 4) == [None, None, "refused", None]
    assert verdicts(["refused", "refused", "passes", "refused", "refused"]) == [None] * 5
    assert verdicts(["passes"] * 3, "status") == [None, "passes", None]
    assert verdicts(["passes", "timeout", "passes"], "timeout") == [None] * 3


def test_the_kind_that_is_told_is_the_last_one_seen():
    assert verdicts(["timeout", "timeout", "refused"])[-1] == "refused"


def test_a_look_that_could_not_be_made_counts_neither_way():
    assert verdicts(["refused", "unknown", "refused", "unknown", "refused"])[-1] == "refused"
    assert verdicts(["unknown"] * 9) == [None] * 9


def test_a_verdict_that_was_not_believed_is_told_again():
    judgement = Judgement()
    assert [judgement.take("refused", None, CHECK) for _ in range(4)] == [None, None, "refused", "refused"]
