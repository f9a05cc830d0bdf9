"""``dnsd drain`` against a real server."""

import pytest

from dnsd.cli import drain
from dnsd.cli.client import Reply
from dnsd.cli.failures import CommandFailed


@pytest.fixture
def pair(console):
    """Two endpoints of a service whose records caches keep for no longer than a second."""
    path = f"/v1/namespaces/{console.namespace}/services/web"
    console.put(path, {"ttl_seconds": 1})
    for identifier in ("web-1", "web-2"):
        console.of("register", "--service", "web", "--id", identifier)
    return console


def test_a_drained_endpoint_is_out_of_the_answers_and_back_again(pair):
    done = pair.of("drain", "--service", "web", "--id", "web-1", "--output", "json")
    assert (done.status, done.err) == (0, "")
    assert done.document["pending"] == []
    assert len(done.document["applied"]) == 1
    assert done.document["last"] is False
    assert pair.endpoints()["web-1"]["draining"] is True
    back = pair.of("drain", "--service", "web", "--id", "web-1", "--undo")
    assert back.rows == [["changed", f"{pair.namespace}/web/web-1", "ready"]]
    assert pair.endpoints()["web-1"]["draining"] is False
    as_json = pair.of("drain", "--service", "web", "--id", "web-1", "--undo", "--output", "json")
    assert as_json.document["outcome"] == "unchanged"


def test_people_see_who_applied_it_and_when_it_is_safe(pair):
    done = pair.of("drain", "--service", "web", "--id", "web-1")
    assert done.out.splitlines()[0].split() == ["ENDPOINT", "STATE", "APPLIED", "BY", "PENDING", "SAFE", "AT"]
    assert done.rows[0][:2] == [f"{pair.namespace}/web/web-1", "draining"]
    assert done.rows[0][3] == "none"
    assert done.rows[0][4].endswith("Z")


def test_waiting_ends_when_it_is_safe(pair):
    done = pair.of("drain", "--service", "web", "--id", "web-1", "--wait")
    assert done.status == 0
    assert done.err.startswith("dnsd drain: waiting ")


def test_the_last_endpoint_stays_unless_forced(pair):
    pair.of("drain", "--service", "web", "--id", "web-1")
    done = pair.of("drain", "--service", "web", "--id", "web-2")
    assert done.status == 1
    assert done.err == (
        f"dnsd drain: {pair.namespace}/web/web-2 is its service's last endpoint and stays in the answers; "
        "--force takes it out\n"
    )
    assert pair.of("drain", "--service", "web", "--id", "web-2", "--force").status == 0


def test_what_is_not_there_cannot_be_drained(console):
    done = console.of("drain", "--service", "web", "--id", "web-1")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert done.err.startswith("dnsd drain: Not registered: ")


def test_undo_goes_with_nothing_else(console):
    assert console.of("drain", "--service", "web", "--undo", "--force").status == 2


def test_a_replica_that_has_not_applied_it_is_a_failure():
    endpoint = {"namespace": "default", "service": "web", "id": "web-1", "draining": True, "ready": True}
    document = {"applied": ["a"], "pending": ["b"], "safe_at": None, "last": False, "endpoint": endpoint}
    with pytest.raises(CommandFailed, match="default/web/web-1 may still be answered by b: no word from there yet"):
        drain._refuse_unsafe(document)


@pytest.mark.parametrize(
    ("safe_at", "date", "seconds"),
    [
        ("2026-11-21T02:00:09.500Z", 1795226404.0, 5.5),
        ("2026-11-21T02:00:00.000Z", 1795226404.0, 0.0),
        (None, 1795226404.0, None),
    ],
)
def test_safety_is_counted_by_the_servers_clock(safe_at, date, seconds):
    assert drain.seconds_until_safe(Reply(200, {"safe_at": safe_at}, date)) == seconds
