import pytest

from dnsd.forward.failure import UpstreamFailed


@pytest.mark.parametrize(("outcome", "is_answer"), [("timeout", False), ("network", False), ("servfail", True)])
def test_silence_is_told_from_an_answer_that_does_not_help(outcome, is_answer):
    failure = UpstreamFailed(outcome)
    assert (str(failure), failure.is_answer) == (outcome, is_answer)
