"""``dnsd declare`` against a real server."""


def test_declared_whole_and_replaced(console):
    words = ["--service", "web", "--port", "http=80", "--ttl", "9", "--slow-start", "30", "--min-kept", "2"]
    words += ["--label", "app=web"]
    told = console.of("declare", *words)
    assert (told.status, told.rows[0][:3]) == (0, ["created", "service", f"{console.namespace}/web"])
    service = console.get(f"/v1/namespaces/{console.namespace}/services/web")
    assert (service["ttl_seconds"], service["slow_start_seconds"], service["min_kept"]) == (9, 30, 2)
    assert service["labels"] == {"app": "web"}
    assert service["health"] is None
    assert console.of("list").rows[0][-2:] == ["keeps", "2"]
    again = console.of("declare", "--service", "web", "--external-name", "example.org", "-o", "json")
    assert (again.document["outcome"], again.document["external_name"]) == ("changed", "example.org")
    wrong = console.of("declare", "--service", "web", "--ttl", "-1")
    assert (wrong.status, "-1 is not in 0 to 3600" in wrong.err) == (1, True)
    assert console.of("declare", "--service", "web", "--label", "x").status == 2


def test_a_health_check_with_all_that_it_may_have(console):
    words = ["--service", "web", "--health", "http", "--health-port", "admin", "--health-path", "/ready"]
    words += ["--health-interval", "5", "--health-timeout", "1", "--health-up", "1", "--health-down", "2"]
    assert console.of("declare", *words).status == 0
    assert console.get(f"/v1/namespaces/{console.namespace}/services/web")["health"] == {
        "type": "http", "port": "admin", "path": "/ready",
        "interval_seconds": 5, "timeout_seconds": 1, "up": 1, "down": 2,
    }  # fmt: skip
    wrong = console.of("declare", "--service", "web", "--health-up", "1")
    assert (wrong.status, "--health tcp" in wrong.err) == (2, True)
    wrong = console.of("declare", "--service", "web", "--health", "http", "--health-path", "ready")
    assert (wrong.status, "'ready'" in wrong.err) == (1, True)
