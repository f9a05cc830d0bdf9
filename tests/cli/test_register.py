"""``dnsd register`` against a real server."""

import pytest


def test_an_endpoint_is_registered_for_good(console):
    words = ["--service", "db", "--id", "db-1", "--address", "192.0.2.7", "--port", "postgres=5432", "--weight", "7"]
    done = console.of("register", *words)
    assert (done.status, done.err) == (0, "")
    assert done.rows[0][:7] == [
        "created",
        f"{console.namespace}/db/db-1",
        "192.0.2.7",
        "postgres=5432",
        "ready",
        "permanent",
        str(console.endpoints()["db-1"]["revision"]),
    ]
    stored = console.endpoints()["db-1"]
    assert (stored["addresses"], stored["weight"], stored["lease_seconds"]) == (["192.0.2.7"], 7, None)
    assert stored["ports"] == [{"name": "postgres", "protocol": "TCP", "port": 5432}]


def test_a_lease_and_json(console):
    done = console.of("register", "--service", "web", "--id", "web-1", "--lease", "30", "--output", "json")
    assert done.document["outcome"] == "created"
    assert done.document["lease"]["seconds"] == 30
    assert done.document["addresses"] == ["127.0.0.1"]
    again = console.of("register", "--service", "web", "--id", "web-1", "--lease", "30", "--output", "json")
    assert (again.status, again.document["outcome"]) == (0, "renewed")
    assert again.document["revision"] == done.document["revision"]


def test_a_repeated_registration_changes_nothing(console):
    for outcome in ("created", "unchanged"):
        assert console.of("register", "--service", "web", "--id", "web-1").rows[0][0] == outcome


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (
            ["--address", "1.2.3"],
            2,
            "dnsd register: --address: '1.2.3' does not appear to be an IPv4 or IPv6 address\n",
        ),
        (["--port", "http=0"], 2, "dnsd register: --port: 0 is not in 1 to 65535\n"),
        (["--address", "224.0.0.1"], 1, "dnsd register: A value is wrong: /addresses/0: "),
        (
            ["--server", "127.0.0.1:1"],
            2,
            "dnsd register: server '127.0.0.1:1' is not a URL like http://127.0.0.1:8053\n",
        ),
        (
            ["--server", "http://127.0.0.1:1"],
            1,
            "dnsd register: http://127.0.0.1:1: connection refused; is `dnsd serve`",
        ),
    ],
)
def test_what_is_wrong_is_one_line(console, words, status, line):
    done = console.of("register", "--service", "web", "--id", "web-1", *words)
    assert done.status == status
    assert done.err.startswith(line)
    assert done.err.count("\n") == 1
    assert console.endpoints() == {}


def test_the_next_server_is_taken(console, monkeypatch):
    monkeypatch.setenv("DNSD_SERVER", f"http://127.0.0.1:1,{console.server_url}")
    assert console.of("register", "--service", "web", "--id", "web-1").status == 0
    assert list(console.endpoints()) == ["web-1"]
