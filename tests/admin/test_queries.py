"""Parameters are known, given once and in range; a cursor comes back as the key that it hides."""

import pytest
from aiohttp.test_utils import make_mocked_request

from dnsd.admin import queries
from dnsd.admin.failures import BadParameter
from dnsd.codec.selector import selector_from_text


@pytest.mark.parametrize("query", ["", "?limit=5", "?limit=5&label=a=1&label=b=2"])
def test_what_is_known_passes(query: str) -> None:
    request = make_mocked_request("GET", f"/v1/services{query}")
    queries.check_parameters(request, "limit", repeatable="label")
    assert queries.labels(request) in ((), selector_from_text("a=1,b=2"))


@pytest.mark.parametrize("query", ["?colour=red", "?limit=5&limit=6", "?Limit=5", "?=1"])
def test_what_is_unknown_or_repeated_is_refused(query: str) -> None:
    with pytest.raises(BadParameter):
        queries.check_parameters(make_mocked_request("GET", f"/{query}"), "limit", repeatable="label")


def test_a_refusal_names_all_that_the_call_takes() -> None:
    with pytest.raises(BadParameter, match=r"this call takes limit, label$"):
        queries.check_parameters(make_mocked_request("GET", "/?colour=red"), "limit", repeatable="label")


@pytest.mark.parametrize(("text", "limit"), [("", 100), ("?limit=1", 1), ("?limit=1000", 1000)])
def test_limits(text: str, limit: int) -> None:
    assert queries.limit(make_mocked_request("GET", f"/{text}")) == limit


@pytest.mark.parametrize("text", ["0", "1001", "-1", "", "x", "1.0", "99999999999", "\u0663", "%20"])
def test_limits_out_of_range(text: str) -> None:
    with pytest.raises(BadParameter):
        queries.limit(make_mocked_request("GET", f"/?limit={text}"))


@pytest.mark.parametrize(("text", "is_set"), [("", False), ("?force=true", True), ("?force=false", False)])
def test_flags(text: str, is_set: bool) -> None:
    assert queries.flag(make_mocked_request("GET", f"/{text}"), "force") is is_set


@pytest.mark.parametrize("text", ["?force=1", "?force=", "?force=TRUE"])
def test_a_flag_is_true_or_false(text: str) -> None:
    with pytest.raises(BadParameter):
        queries.flag(make_mocked_request("GET", f"/{text}"), "force")


def test_a_choice_is_one_of_them() -> None:
    assert queries.choice(make_mocked_request("GET", "/?state=a"), "state", ("a", "b")) == "a"
    assert queries.choice(make_mocked_request("GET", "/"), "state", ("a", "b")) is None
    with pytest.raises(BadParameter):
        queries.choice(make_mocked_request("GET", "/?state=c"), "state", ("a", "b"))


@pytest.mark.parametrize("key", [("default", "web"), ("default", "web", "Web:1.a_b-c")])
def test_a_cursor_comes_back(key: tuple[str, ...]) -> None:
    request = make_mocked_request("GET", f"/?cursor={queries.cursor_text(key)}")
    assert queries.cursor(request, len(key)) == key


def test_no_cursor_is_the_first_page() -> None:
    assert queries.cursor(make_mocked_request("GET", "/"), 2) is None


@pytest.mark.parametrize(
    "text",
    ["x", "!!!!", "bnVsbA", "W10", "WyJhIl0", "WyJhIiwxXQ", "WyJhIiwiYiIsImMiXQ", "eyJhIjoxfQ", "%C3%A9", "WyJhIiwi="],
)
def test_a_forged_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        queries.cursor(make_mocked_request("GET", f"/?cursor={text}"), 2)


@pytest.mark.parametrize("text", ["a b", "=b", ""])
def test_a_label_is_a_selector(text: str) -> None:
    with pytest.raises(BadParameter):
        queries.labels(make_mocked_request("GET", f"/?label={text}"))
