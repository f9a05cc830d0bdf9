"""``dnsd edit`` against a real server."""


def test_what_is_given_is_changed(console):
    console.of("register", "--service", "web", "--id", "one", "--address", "192.0.2.1", "--priority", "3")
    told = console.of("edit", "--service", "web", "--id", "one", "--weight", "7", "--not-ready", "--metadata", "a=b")
    assert (told.status, told.rows[0][0]) == (0, "changed")
    one = console.endpoints()["one"]
    assert (one["weight"], one["priority"], one["ready"], one["metadata"]) == (7, 3, False, {"a": "b"})
    console.of("edit", "--service", "web", "--id", "one", "--ready")
    assert console.endpoints()["one"]["ready"] is True
    assert "nothing to change" in console.of("edit", "--service", "web", "--id", "one").err
    assert console.of("edit", "--service", "web", "--id", "none", "--weight", "1").status == 1
