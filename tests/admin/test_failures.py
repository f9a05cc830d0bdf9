"""Every error has its status, its slug and all of its faults; what nobody expected is a 500 that tells nothing."""

import json

import pytest
from aiohttp import web

from dnsd.admin import failures
from dnsd.model import errors


def document(response: web.Response) -> dict[str, object]:
    assert response.content_type == "application/problem+json"
    assert response.text is not None
    shown: dict[str, object] = json.loads(response.text)
    assert set(shown) >= {"type", "title", "status", "detail", "field", "errors"}
    assert shown["status"] == response.status
    return shown


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (failures.NotJson("x"), 400, "not-json"),
        (failures.BadParameter("x"), 400, "bad-parameter"),
        (failures.Misdirected("x"), 403, "misdirected"),
        (errors.NotFound("x"), 404, "not-found"),
        (failures.RegisterAgain("x"), 404, "register-again"),
        (failures.TooSlow("x"), 408, "too-slow"),
        (errors.Conflict("x"), 409, "conflict"),
        (errors.Gone("x"), 410, "gone"),
        (errors.PreconditionFailed("x"), 412, "precondition-failed"),
        (failures.TooLarge("x"), 413, "too-large"),
        (failures.UnsupportedMedia("x"), 415, "unsupported-media-type"),
        (errors.InvalidRecord(errors.Fault("/a", "x")), 422, "invalid-record"),
        (failures.Crowded("x"), 429, "crowded"),
        (errors.StoreUnavailable("read-only", "x"), 503, "store-unavailable"),
        (errors.MalformedQuery("x"), 500, "internal"),
    ],
)
def test_each_error_has_its_status(error: errors.DnsdError, status: int, slug: str) -> None:
    shown = document(failures.failure_response(error))
    assert (shown["status"], shown["type"]) == (status, f"/problems/{slug}")


def test_every_error_of_the_ground_floor_that_a_call_can_meet_is_mapped() -> None:
    met = {errors.InvalidRecord, errors.NotFound, errors.Gone, errors.Conflict, errors.PreconditionFailed}
    assert met | {errors.StoreUnavailable} <= set(failures._PROBLEMS)


def test_all_faults_are_told_and_the_first_is_the_field() -> None:
    invalid = errors.InvalidRecord(errors.Fault("/weight", "too big"), errors.Fault("/ports/http", "zero"))
    shown = document(failures.failure_response(invalid))
    assert shown["field"] == "/weight"
    assert shown["errors"] == [
        {"pointer": "/weight", "detail": "too big"},
        {"pointer": "/ports/http", "detail": "zero"},
    ]


def test_a_thousand_faults_are_cut() -> None:
    invalid = errors.InvalidRecord(*(errors.Fault(f"/{number}", "x" * 5000) for number in range(1000)))
    response = failures.failure_response(invalid)
    shown = document(response)
    assert isinstance(shown["errors"], list)
    assert len(shown["errors"]) == failures.FAULTS_SHOWN_MOST
    assert len(response.text or "") < 200_000


def test_the_store_away_says_why_and_when_to_come_back() -> None:
    response = failures.failure_response(errors.StoreUnavailable("read-only", "a replica", retry_after_seconds=3))
    assert response.headers["Retry-After"] == "3"
    assert document(response)["reason"] == "read-only"


def test_a_crowd_is_told_when_to_come_back() -> None:
    assert failures.failure_response(failures.Crowded("full")).headers["Retry-After"] == "1"


def test_an_error_of_a_batch_points_at_its_operation() -> None:
    error = errors.NotFound("no endpoint a")
    error.index = 3
    assert document(failures.failure_response(error))["field"] is None
    shown = document(failures.failure_response(error, has_operations=True))
    assert shown["field"] == "/operations/3"
    assert shown["errors"] == [{"pointer": "/operations/3", "detail": "no endpoint a"}]


def test_a_refusal_of_the_router_keeps_its_allow_header() -> None:
    response = failures.refusal_response(web.HTTPMethodNotAllowed("POST", {"GET", "PUT"}))
    assert sorted(response.headers["Allow"].split(",")) == ["GET", "PUT"]
    assert document(response)["type"] == "/problems/method-not-allowed"


@pytest.mark.parametrize(
    ("refusal", "slug"),
    [
        (web.HTTPNotFound(), "unknown-path"),
        (web.HTTPExpectationFailed(), "expectation-failed"),
        (web.HTTPRequestURITooLong(), "request-uri-too-long"),
    ],
)
def test_other_refusals_have_a_slug_too(refusal: web.HTTPException, slug: str) -> None:
    assert document(failures.refusal_response(refusal))["type"] == f"/problems/{slug}"


def test_an_accident_tells_nothing() -> None:
    shown = document(failures.fault_response(500))
    assert (shown["type"], shown["detail"]) == ("/problems/internal", "Something went wrong inside dnsd")
    assert document(failures.fault_response(400))["type"] == "/problems/bad-request"
