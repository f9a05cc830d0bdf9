"""``dnsd replace`` against a real server."""


def test_exactly_these(console, tmp_path):
    file = tmp_path / "endpoints.yaml"
    for names in (["one", "two"], ["two", "three"]):
        lines = [f"  {name}: {{address: 192.0.2.1, lease_seconds: null}}\n" for name in names]
        file.write_text("endpoints:\n" + "".join(lines))
        told = console.of("replace", "--service", "web", "-f", str(file))
        assert (told.status, set(console.endpoints())) == (0, set(names))
    assert sorted(row[0] for row in told.rows) == ["created", "deleted", "unchanged"]
