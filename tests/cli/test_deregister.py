"""``dnsd deregister`` against a real server."""


def test_an_endpoint_goes_and_going_twice_is_no_failure(console):
    console.of("register", "--service", "web", "--id", "web-1")
    done = console.of("deregister", "--service", "web", "--id", "web-1")
    assert (done.status, done.rows) == (0, [["deleted", "endpoint", f"{console.namespace}/web/web-1"]])
    assert console.endpoints() == {}
    again = console.of("deregister", "--service", "web", "--id", "web-1")
    assert (again.status, again.out) == (0, "")
    assert again.err.startswith("dnsd deregister: Deleted: ")
    as_json = console.of("deregister", "--service", "web", "--id", "web-1", "--output", "json")
    assert as_json.document == {"outcome": "deleted before"}


def test_the_flags_of_register_name_the_same_endpoint(console):
    flags = ["--service", "web", "--port", "http=8080"]
    console.of("register", *flags)
    assert console.of("deregister", *flags, "--output", "json").document["outcome"] == "deleted"


def test_what_was_never_there_is_a_failure(console):
    done = console.of("deregister", "--service", "web", "--id", "web-1")
    assert done.status == 1
    assert done.err.startswith("dnsd deregister: Not registered: ")
    assert done.err.count("\n") == 1


def test_a_whole_service(console):
    for identifier in ("web-1", "web-2"):
        console.of("register", "--service", "web", "--id", identifier)
    done = console.of("deregister", "--service", "web", "--whole-service")
    assert (done.status, done.rows) == (0, [["deleted", "service", f"{console.namespace}/web"]])
    assert console.endpoints() == {}


def test_a_whole_service_has_no_id(console):
    done = console.of("deregister", "--service", "web", "--whole-service", "--id", "web-1")
    assert (done.status, done.err.count("\n")) == (2, 1)
