"""Revisions in headers (RFC 9110 13.1): ``If-Match`` with one revision, ``If-None-Match: *``; all else is refused."""

from __future__ import annotations

import re

from aiohttp import hdrs, web

from dnsd.admin.failures import BadParameter
from dnsd.registry.services import Precondition

_REVISION = re.compile(r'"([0-9]{1,18})"|([0-9]{1,18})')


def etag(revision: int) -> str:
    """The ``ETag`` of an object."""
    return f'"{revision}"'


def precondition_of(request: web.Request, may_create: bool = False) -> Precondition:
    """What the writer demands. ``may_create``: ``If-None-Match`` has a meaning here. Raises BadParameter."""
    revision = _only(request, hdrs.IF_MATCH)
    absent = _only(request, hdrs.IF_NONE_MATCH)
    if absent is not None and (not may_create or revision is not None):
        raise BadParameter("If-None-Match goes with a PUT alone, and never together with If-Match")
    if absent not in (None, "*"):
        raise BadParameter("If-None-Match takes * alone")
    return Precondition(revision=None if revision is None else _number(revision), absent=absent is not None)


def refuse_precondition(request: web.Request) -> None:
    """For calls that take none: never ignore one in silence. Raises BadParameter."""
    if hdrs.IF_MATCH in request.headers or hdrs.IF_NONE_MATCH in request.headers:
        raise BadParameter("this call takes neither If-Match nor If-None-Match")


def _only(request: web.Request, header: str) -> str | None:
    given = request.headers.getall(header, [])
    if len(given) > 1:
        raise BadParameter(f"{header} is there more than once")
    return given[0].strip() if given else None


def _number(text: str) -> int:
    match = _REVISION.fullmatch(text)
    if match is None:
        raise BadParameter('If-Match takes one revision, such as "12" or 12; no list, no weak tag, no *')
    return int(match[1] or match[2])
