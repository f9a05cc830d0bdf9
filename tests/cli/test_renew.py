"""``dnsd renew`` against a real server."""


def test_leases_and_what_is_not_registered(console):
    console.of("register", "--service", "web", "--id", "one", "--address", "192.0.2.1", "--lease", "60")
    told = console.of("renew", "--service", "web", "--id", "one")
    assert (told.status, told.rows[0][0]) == (0, f"{console.namespace}/web/one")
    assert 55 <= int(told.rows[0][1]) <= 61
    lost = console.of("renew", "--service", "web", "--id", "one", "--id", "two", "-o", "json")
    assert (lost.status, len(lost.document["renewed"])) == (1, 1)
    assert f"not registered: {console.namespace}/web/two; register again" in lost.err
