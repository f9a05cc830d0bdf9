"""If-Match takes one revision, If-None-Match takes * on a PUT; nothing is ignored in silence."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from dnsd.admin.failures import BadParameter
from dnsd.admin.preconditions import etag, precondition_of, refuse_precondition
from dnsd.registry.services import Precondition


def request_of(*headers: tuple[str, str]):  # type: ignore[no-untyped-def]
    return make_mocked_request("PUT", "/", headers=CIMultiDict(headers))


@pytest.mark.parametrize("text", ["12", '"12"', " 12 ", '"012"'])
def test_one_revision_quoted_or_not(text: str) -> None:
    assert precondition_of(request_of(("If-Match", text))) == Precondition(revision=12)


def test_none_and_star() -> None:
    assert precondition_of(request_of()) == Precondition()
    assert precondition_of(request_of(("If-None-Match", "*")), may_create=True) == Precondition(absent=True)


@pytest.mark.parametrize(
    "text",
    ["*", "", 'W/"12"', '"12", "13"', "12,13", '"12', '12"', '""', "-1", "1.0", "0x1", "x", "9" * 19, "\u0661", '"*"'],
)
def test_what_if_match_does_not_take(text: str) -> None:
    with pytest.raises(BadParameter):
        precondition_of(request_of(("If-Match", text)))


@pytest.mark.parametrize("text", ["12", '"12"', "", '"*"', "*, *"])
def test_what_if_none_match_does_not_take(text: str) -> None:
    with pytest.raises(BadParameter):
        precondition_of(request_of(("If-None-Match", text)), may_create=True)


@pytest.mark.parametrize(
    "headers",
    [
        [("If-Match", "12"), ("If-Match", "12")],
        [("If-Match", "12"), ("If-None-Match", "*")],
        [("If-None-Match", "*"), ("If-None-Match", "*")],
    ],
)
def test_more_than_one_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(BadParameter):
        precondition_of(request_of(*headers), may_create=True)


def test_only_what_creates_takes_if_none_match() -> None:
    with pytest.raises(BadParameter):
        precondition_of(request_of(("If-None-Match", "*")))


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_calls_without_preconditions_refuse_them(header: str) -> None:
    refuse_precondition(request_of())
    with pytest.raises(BadParameter):
        refuse_precondition(request_of((header, "12")))


def test_the_tag_of_a_revision() -> None:
    assert etag(12) == '"12"'
