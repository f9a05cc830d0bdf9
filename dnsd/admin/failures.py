"""Errors become problem+json (RFC 9457), here and nowhere else.

To add an error: a class named by its fault, below or in ``model/errors``, and a line in ``_PROBLEMS``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from dnsd.model.errors import (
    Conflict,
    DnsdError,
    Fault,
    Gone,
    Herd,
    InvalidRecord,
    NotFound,
    PreconditionFailed,
    StoreUnavailable,
)
from dnsd.registry.quotas import OverQuota

FAULTS_SHOWN_MOST = 100
SERVER_NAME = "dnsd"
BATCH_PATH = "/v1/batch"


class NotJson(DnsdError):
    """The body is not what its content type says, or nested too deep."""


class BadParameter(DnsdError):
    """A query parameter or a header has a value that this call does not take."""


class Misdirected(DnsdError):
    """The request was meant for another host, or another site's page sent it."""


class Unauthorized(DnsdError):
    """The request does not prove who asks: no token, or none that stands (any more)."""


class Forbidden(DnsdError):
    """Who asks may not do this; the detail says who that is and what it takes."""


class HeadersTooLarge(DnsdError):
    """The header of the request is larger than anything here needs."""


class TooLarge(DnsdError):
    """The body is longer, or holds more objects, than this call takes."""


class UnsupportedMedia(DnsdError):
    """The body has another content type or encoding than this call takes."""


class TooSlow(DnsdError):
    """The request did not arrive in time."""


class RegisterAgain(NotFound):
    """A heartbeat for what is not registered, or no more."""


class Crowded(DnsdError):
    """As many of these as dnsd serves at once are being served."""


class _Problem(NamedTuple):
    status: int
    slug: str
    title: str


_PROBLEMS: Mapping[type[DnsdError], _Problem] = {
    NotJson: _Problem(400, "not-json", "The body cannot be read"),
    BadParameter: _Problem(400, "bad-parameter", "A parameter is wrong"),
    Misdirected: _Problem(403, "misdirected", "Not a request for this server"),
    Unauthorized: _Problem(401, "unauthorized", "Not known who asks"),
    Forbidden: _Problem(403, "forbidden", "Not allowed"),
    OverQuota: _Problem(403, "over-quota", "As much as may be"),
    NotFound: _Problem(404, "not-found", "Not registered"),
    RegisterAgain: _Problem(404, "register-again", "Not registered; register again"),
    TooSlow: _Problem(408, "too-slow", "The request took too long"),
    Conflict: _Problem(409, "conflict", "Changed by somebody else"),
    Gone: _Problem(410, "gone", "Deleted"),
    PreconditionFailed: _Problem(412, "precondition-failed", "The precondition does not hold"),
    TooLarge: _Problem(413, "too-large", "The body is too large"),
    UnsupportedMedia: _Problem(415, "unsupported-media-type", "The body has a content type that is not taken here"),
    InvalidRecord: _Problem(422, "invalid-record", "A value is wrong"),
    HeadersTooLarge: _Problem(431, "headers-too-large", "The header is too large"),
    Herd: _Problem(429, "herd", "Many register at once"),
    Crowded: _Problem(429, "crowded", "Too many at once"),
    StoreUnavailable: _Problem(503, "store-unavailable", "The store cannot take or confirm this now"),
}

_UNEXPECTED = _Problem(500, "internal", "Something went wrong inside dnsd")
_ROUTING = {
    404: _Problem(404, "unknown-path", "There is no such call"),
    405: _Problem(405, "method-not-allowed", "This path does not take that method"),
    417: _Problem(417, "expectation-failed", "The Expect header asks for what is not done here"),
}


@web.middleware
async def report_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer our own errors; aiohttp's leave through ``Connection``, which asks ``refusal_response``."""
    try:
        return await handler(request)
    except DnsdError as error:
        return failure_response(error, has_operations=request.path == BATCH_PATH)


def failure_response(error: DnsdError, has_operations: bool = False) -> web.Response:
    """The problem document of one of our errors; ``has_operations``: its ``index`` means one that the caller sent."""
    problem = next((_PROBLEMS[kind] for kind in type(error).__mro__ if kind in _PROBLEMS), _UNEXPECTED)
    faults: tuple[Fault, ...] = ()
    if isinstance(error, InvalidRecord):
        faults = error.faults
    elif has_operations and error.index is not None:
        faults = (Fault(f"/operations/{error.index}", str(error)),)
    headers, extra = {}, {}
    if isinstance(error, StoreUnavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
        extra["reason"] = error.reason
    elif isinstance(error, Unauthorized):
        headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="dnsd"'
    elif isinstance(error, Herd):
        headers["Retry-After"] = str(error.retry_after_seconds)
    elif isinstance(error, Crowded):
        headers["Retry-After"] = "1"
    return _response(problem, str(error), faults, headers, extra)


def refusal_response(refusal: web.HTTPException) -> web.Response:
    """The problem document of a refusal by aiohttp: unknown path, wrong method, unknown expectation."""
    known = _ROUTING.get(refusal.status)
    headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
    return _response(known or _by_status(refusal.status), refusal.reason, (), headers, {})


def fault_response(status: int) -> web.Response:
    """The problem document of what was no HTTP (400), or of an exception that nobody expected (500)."""
    problem = _UNEXPECTED if status == HTTPStatus.INTERNAL_SERVER_ERROR else _by_status(status)
    detail = "the request is not HTTP/1.1 as RFC 9112 has it, or its header is too long"
    return _response(problem, problem.title if problem is _UNEXPECTED else detail, (), {}, {})


def problem_pages() -> dict[str, dict[str, object]]:
    """What each type of problem means, by its slug."""
    known = [(problem, kind.__doc__ or "") for kind, problem in _PROBLEMS.items()]
    known += [(problem, problem.title) for problem in (_UNEXPECTED, *_ROUTING.values())]
    return {
        problem.slug: {
            "type": f"/problems/{problem.slug}",
            "title": problem.title,
            "status": problem.status,
            "meaning": " ".join(meaning.split()),
        }
        for problem, meaning in known
    }


def _by_status(status: int) -> _Problem:
    phrase = HTTPStatus(status).phrase
    return _Problem(status, phrase.lower().replace(" ", "-"), phrase)


def _response(
    problem: _Problem,
    detail: str,
    faults: tuple[Fault, ...],
    headers: Mapping[str, str],
    extra: Mapping[str, str],
) -> web.Response:
    document = {
        "type": f"/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": _cut(detail),
        "field": faults[0].pointer if faults else None,
        "errors": [{"pointer": fault.pointer, "detail": _cut(fault.reason)} for fault in faults[:FAULTS_SHOWN_MOST]],
        **extra,
    }
    return web.Response(
        status=problem.status,
        text=json.dumps(document),
        content_type="application/problem+json",
        headers={hdrs.SERVER: SERVER_NAME, **headers},
    )


def _cut(text: str, most: int = 1000) -> str:
    """What a stranger sent comes back in details; not all of it."""
    return text if len(text) <= most else f"{text[:most]}…"
