from dataclasses import replace

from dnsd.model.service import Endpoint, Service
from dnsd.store.operations import ABSENT, delete, edit, mark, put

WEB_1 = Endpoint("default", "web", "web-1", ("192.0.2.1",), revision=7)


def test_a_put_says_all_and_leaves_the_flag():
    words = list(put(WEB_1, ABSENT).words())
    assert words == [
        *("put", "endpoint", "default/web/web-1", "absent", "15", "="),
        *('{"addresses":["192.0.2.1"]}', '{"declared":false}'),
    ]


def test_a_put_of_a_draining_endpoint_drains_it():
    assert put(replace(WEB_1, draining=True)).flag == "x"


def test_a_permanent_endpoint_and_a_service_have_no_lease():
    assert put(replace(WEB_1, lease_seconds=None)).lease == 0
    assert list(put(Service("default", "web")).words()) == ["put", "service", "default/web", "", "0", "d", "{}", ""]


def test_in_the_place_of_a_lease_a_service_says_how_many_endpoints_it_keeps():
    assert put(Service("default", "web", min_kept=3)).lease == 3


def test_an_edit_rests_on_the_revision_it_was_made_from():
    edited = edit(WEB_1, replace(WEB_1, weight=5))
    assert (edited.verb, edited.expected, edited.flag) == ("edit", "7", "=")
    assert edit(WEB_1, replace(WEB_1, draining=True)).flag == "x"
    assert edit(replace(WEB_1, draining=True), WEB_1).flag == "-"


def test_marks_and_deletions_carry_no_document():
    assert list(mark(WEB_1.key, "f").words()) == ["mark", "endpoint", "default/web/web-1", "", "0", "f", "", ""]
    assert list(delete(("a", "b"), "3").words()) == ["delete", "service", "a/b", "3", "0", "=", "", ""]
