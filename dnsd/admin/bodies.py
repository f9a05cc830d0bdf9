"""Reads the body of a request: its type, its size and its JSON, each with a limit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from typing import NoReturn

from aiohttp import hdrs, web

from dnsd.admin.failures import NotJson, TooLarge, UnsupportedMedia
from dnsd.model.errors import Fault, InvalidRecord

BODY_OCTETS_MOST = 64 * 1024
LARGE_BODY_OCTETS_MOST = 2 * 1024 * 1024
JSON_DEPTH_MOST = 16
JSON_TYPES = frozenset({"application/json"})
MANIFEST_TYPES = JSON_TYPES | {"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"}


async def read_json(request: web.Request, octets_most: int = BODY_OCTETS_MOST) -> object:
    """The body's JSON value. Raises UnsupportedMedia, TooLarge, NotJson."""
    octets = await read_octets(request, JSON_TYPES, octets_most)
    if len(octets) > BODY_OCTETS_MOST:
        return await asyncio.to_thread(json_value, octets)
    return json_value(octets)


async def read_nothing(request: web.Request) -> None:
    """Refuse a body where none is needed; an empty object does no harm. Raises as ``read_json``, and InvalidRecord."""
    if hdrs.CONTENT_TYPE not in request.headers and not request.can_read_body:
        return
    octets = await read_octets(request, JSON_TYPES, BODY_OCTETS_MOST)
    if octets and json_value(octets) != {}:
        raise InvalidRecord(Fault("", "this call takes no body"))


async def read_octets(request: web.Request, types: Collection[str], octets_most: int) -> bytes:
    """The body, if it is of one of these content types and not longer. Raises UnsupportedMedia, TooLarge, NotJson."""
    _check_type(request, types)
    if (request.content_length or 0) > octets_most:
        raise TooLarge(_too_large(octets_most))
    try:
        if request.content.is_eof():  # all of it came with the header, as short ones do
            octets = request.content.read_nowait()
        else:
            octets = await _octets_to_come(request, octets_most)
    except (web.RequestPayloadError, ConnectionError) as fault:  # broken, or whoever sent it has gone
        raise NotJson(f"the body is broken: {fault}") from None
    if len(octets) > octets_most:
        raise TooLarge(_too_large(octets_most))
    return octets


async def _octets_to_come(request: web.Request, octets_most: int) -> bytes:
    """The body up to its end, or a little more than so many octets of it."""
    octets = bytearray()
    async for chunk in request.content.iter_any():
        octets += chunk
        if len(octets) > octets_most:
            break
    return bytes(octets)


def json_value(octets: bytes) -> object:
    """The JSON value in these octets (RFC 8259: UTF-8, no NaN). Raises NotJson."""
    try:
        value: object = _decode(octets.decode())
    except RecursionError:
        raise NotJson(_too_deep()) from None
    except ValueError as fault:
        raise NotJson(f"the body is not JSON: {fault}") from None
    _check_depth(value)
    return value


def _check_type(request: web.Request, types: Collection[str]) -> None:
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise UnsupportedMedia("send the body uncompressed")
    charset = (request.charset or "utf-8").lower()
    if request.content_type not in types or charset not in ("utf-8", "us-ascii"):
        raise UnsupportedMedia(f"send the header content-type: {' or '.join(sorted(types))}")


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _check_depth(value: object) -> None:
    """Refuse what is nested deeper than anything here needs, level by level, so that looking is no recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(JSON_DEPTH_MOST):
        if not level:
            return
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    if level:
        raise NotJson(_too_deep())


def _too_deep() -> str:
    return f"the body is nested deeper than {JSON_DEPTH_MOST} levels"


def _too_large(octets_most: int) -> str:
    return f"this call takes at most {octets_most} octets"
