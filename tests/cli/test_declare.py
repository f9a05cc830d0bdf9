"""``dnsd declare`` against a real server."""


def test_declared_whole_and_replaced(console):
    words = ["--service", "web", "--port", "http=80", "--ttl", "9", "--slow-start", "30", "--min-kept", "2"]
    words += ["--label", "app=web"]
    told = console.of("declare", *words)
    assert (told.status, told.rows[0][:3]) == (0, ["created", "service", f"{console.namespace}/web"])
    service = console.get(f"/v1/namespaces/{console.namespace}/services/web")
    assert (service["ttl_seconds"], service["slow_start_seconds"], service["min_kept"]) == (9, 30, 2)
    assert service["labels"] == {"app": "web"}
    assert console.of("list").rows[0][-2:] == ["keeps", "2"]
    again = console.of("declare", "--service", "web", "--external-name", "example.org", "-o", "json")
    assert (again.document["outcome"], again.document["external_name"]) == ("changed", "example.org")
    wrong = console.of("declare", "--service", "web", "--ttl", "-1")
    assert (wrong.status, "-1 is not in 0 to 3600" in wrong.err) == (1, True)
    assert console.of("declare", "--service", "web", "--label", "x").status == 2
