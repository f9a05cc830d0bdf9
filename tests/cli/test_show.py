"""``dnsd show`` against a real server."""


def test_a_service_and_an_endpoint(console):
    console.of("register", "--service", "web", "--id", "one", "--address", "192.0.2.1")
    assert "namespace: " in console.of("show", "--service", "web").out
    service = console.of("show", "--service", "web", "-o", "json").document
    assert [each["id"] for each in service["endpoints"]] == ["one"]
    assert console.of("show", "--service", "web", "--id", "one", "-o", "json").document["addresses"] == ["192.0.2.1"]
    assert console.of("show", "--service", "none").status == 1
