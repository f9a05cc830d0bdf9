from dataclasses import replace

import pytest

from dnsd.model.change import Change, Removal
from dnsd.model.errors import InvalidRecord
from dnsd.model.health import FAILINGS
from dnsd.model.service import Endpoint, Service
from dnsd.store import record
from dnsd.store.record import (
    FAILING_FLAGS,
    endpoint_of,
    endpoint_put,
    flag_of,
    read_change,
    read_endpoints,
    read_services,
    service_of,
    text_of,
    value_of,
)

WEB = Service("default", "web")
WEB_1 = Endpoint("default", "web", "web-1", ("192.0.2.1",))


def line_of(value, flag, revision=12, generation=10):
    return f"{revision} {generation} 15 {flag} {text_of(value)}"


@pytest.mark.parametrize(("flag", "draining", "ready"), [("-", False, True), ("x", True, True), ("f", True, False)])
def test_an_endpoints_flag_says_whether_it_drains(flag, draining, ready):
    endpoint = endpoint_of(WEB_1.key, line_of(WEB_1, flag))
    assert (endpoint.draining, endpoint.ready) == (draining, ready)
    assert (endpoint.revision, endpoint.generation) == (12, 10)


def test_an_endpoints_flag_says_what_its_health_check_found():
    for failing, flag in FAILING_FLAGS.items():
        failed = replace(WEB_1, failing=failing)
        assert flag_of(failed) == flag
        assert endpoint_of(WEB_1.key, line_of(WEB_1, flag)) == failed
        assert text_of(failed) == text_of(WEB_1)
    assert set(FAILING_FLAGS) == set(FAILINGS)
    assert len(set(FAILING_FLAGS.values())) == len(FAILING_FLAGS)
    assert endpoint_of(WEB_1.key, line_of(WEB_1, "?")) == WEB_1


def test_draining_is_no_part_of_the_document():
    drained = Endpoint("default", "web", "web-1", ("192.0.2.1",), draining=True)
    assert text_of(drained) == text_of(WEB_1)
    assert (flag_of(drained), flag_of(WEB_1)) == ("x", "-")


def test_a_services_flag_says_whether_it_was_declared():
    assert service_of(WEB.key, line_of(WEB, "d")).declared
    assert not service_of(WEB.key, line_of(WEB, "i")).declared
    assert (flag_of(WEB), flag_of(Service("default", "web", declared=False))) == ("d", "i")


def test_the_length_of_the_key_tells_what_a_line_holds():
    assert value_of(WEB.key, line_of(WEB, "d")) == WEB
    assert value_of(WEB_1.key, line_of(WEB_1, "-")) == WEB_1


@pytest.mark.parametrize(
    "line",
    [
        "",
        "garbage",
        "1 1 15 -",
        "1 1 15 - not json",
        '1 1 15 - {"addresses":7}',
        "x 1 15 - {}",
        "1" * 5000 + " 1 15 - {}",
    ],
)
def test_garbage_is_an_invalid_record_and_the_others_are_read(line):
    with pytest.raises(InvalidRecord):
        endpoint_of(WEB_1.key, line)
    bad = []
    pairs = [("default/web/bad", line), ("no key", line_of(WEB_1, "-")), ("default/web/web-1", line_of(WEB_1, "-"))]
    assert read_endpoints(pairs, bad) == [WEB_1]
    assert [member for member, _ in bad] == ["default/web/bad", "no key"]


def test_garbage_among_services_is_passed_over():
    bad = []
    assert read_services([("default/bad", "nonsense"), ("default/web", line_of(WEB, "d"))], bad) == [WEB]
    assert [member for member, _ in bad] == ["default/bad"]


def test_a_stream_entry_is_a_change():
    bad = []
    fields = ["+service default/web", line_of(WEB, "d"), "+endpoint default/web/web-1", line_of(WEB_1, "-")]
    fields += ["-service a/b", "deleted", "-endpoint a/c/1", "expired"]
    assert read_change(12, fields, bad) == Change(
        12, (WEB, WEB_1), (Removal(("a", "b"), "deleted"), Removal(("a", "c", "1"), "expired"))
    )
    assert not bad


def test_what_makes_no_sense_in_an_entry_does_not_take_the_rest_along():
    bad = []
    fields = ["+endpoint default/web/bad", "x", "-service //", "deleted", "?future thing", "x"]
    fields += ["+endpoint default/web/web-1", line_of(WEB_1, "-")]
    assert read_change(3, fields, bad) == Change(3, (WEB_1,))
    assert [member for member, _ in bad] == ["default/web/bad", "//"]


def test_a_huge_value_in_the_store_is_no_record_and_does_not_reach_the_answers():
    """Story: a stranger's line with 200,000 addresses was taken for an endpoint (faults.md, row 17)."""
    addresses = ",".join(['"10.0.0.1"'] * 200_000)
    bad = []
    assert read_endpoints([("ns/svc/huge", f'7 7 0 - {{"addresses":[{addresses}]}}')], bad) == []
    assert bad[0][0] == "ns/svc/huge"
    assert "characters" in bad[0][1]


def test_what_was_put_is_not_read_again():
    put = replace(WEB_1, id="put", metadata={"a": "b"})
    line = line_of(put, "-")
    stands = endpoint_put(put, text_of(put), line)
    assert (stands, stands.revision, stands.generation) == (put, 12, 10)
    assert stands.metadata is put.metadata
    assert endpoint_of(put.key, line) is stands


@pytest.mark.parametrize("flag", ["x", "f", "r"])
def test_of_a_put_the_line_has_the_last_word(flag):
    put = replace(WEB_1, id="put-over")
    line = line_of(put, flag)
    assert endpoint_put(put, text_of(put), line) == endpoint_of(put.key, line)
    assert endpoint_put(put, text_of(put), line) != put
    other = line_of(replace(put, weight=7), "-")
    assert endpoint_put(put, text_of(put), other).weight == 7


def test_the_line_of_what_was_read_is_the_one_that_was_read():
    line = line_of(WEB_1, "-", revision=77)
    assert record.line_of(endpoint_of(WEB_1.key, line)) is line
    assert record.line_of(endpoint_of(WEB_1.key, line).at(78, 10)) == line_of(WEB_1, "-", revision=78)


def test_only_so_much_is_remembered():
    for number in range(record.LATELY_MOST + 1):
        endpoint_of(("default", "web", f"e{number}"), line_of(WEB_1, "-"))
    assert len(record._lately) <= record.LATELY_MOST
