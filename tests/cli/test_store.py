"""``dnsd store`` against a real server that lost nothing."""

import pytest


@pytest.mark.parametrize(("action", "titles"), [("restore", "RESTORED PRESENT DELETED"), ("adopt", "EPOCH DROPPED")])
def test_a_store_that_lost_nothing(console, action, titles):
    done = console.call("store", action)
    assert done.status == 0
    assert done.out.splitlines()[0].split() == titles.split()
    assert done.rows[0][-1] == "0"
    as_json = console.call("store", action, "--output", "json")
    assert as_json.document


def test_an_action_is_needed(console):
    assert console.call("store").status == 2
