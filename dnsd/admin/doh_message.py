"""What an HTTP request asks as DNS, and what HTTP says of the reply (RFC 8484), whichever HTTP brought it."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote

from aiohttp import hdrs, web
from aiohttp.helpers import rfc822_formatted_time

from dnsd.admin.failures import fault_response, refusal_response
from dnsd.codec.wire import read_message
from dnsd.model.message import TCP_PAYLOAD_MOST

PATH = "/dns-query"
MEDIA_TYPE = "application/dns-message"
METHODS = (hdrs.METH_GET, hdrs.METH_POST)
_MESSAGE_OCTETS_LEAST = 12
_log = logging.getLogger("dnsd.admin")

Answer = Callable[[bytes, bytes], Awaitable[bytes]]
"""Message, peer's address octets -> the reply; nothing when there is none."""


@dataclass(slots=True)
class Request:
    """A request that aiohttp has not seen; ``target`` is path and query."""

    method: str
    target: str
    content_type: str
    body: bytearray = field(default_factory=bytearray)


async def response_to(request: Request, answer: Answer, host: str) -> web.Response:
    """What aiohttp would respond to a whole request from ``host``. Never raises."""
    try:
        return await answered(answer, packet_of(request), host)
    except web.HTTPException as refusal:
        return refusal_response(refusal)
    except Exception:
        _log.exception("a question over HTTPS failed")
        return fault_response(500)


def fields_of(response: web.Response) -> list[tuple[str, str]]:
    """A response's header as HTTP/2 has it, with what aiohttp adds when it sends one by HTTP/1.1."""
    assert isinstance(response.body, bytes)
    named = [(name.lower(), text) for name, text in response.headers.items() if name.lower() != "content-length"]
    status, length = (":status", str(response.status)), ("content-length", str(len(response.body)))
    return [status, *named, length, ("date", rfc822_formatted_time())]


def packet_of(request: Request) -> bytes:
    """The message in a whole request. Raises the web.HTTPException that refuses it."""
    path, _, query = request.target.partition("?")
    if unquote(path) != PATH:
        raise web.HTTPNotFound
    if request.method not in METHODS:
        raise web.HTTPMethodNotAllowed(request.method, METHODS)
    if request.method == hdrs.METH_GET:
        return packet_of_get(next((text for name, text in parse_qsl(query) if name == "dns"), ""))
    check_media_type(request.content_type)
    return bytes(request.body)


def packet_of_get(text: str) -> bytes:
    """RFC 8484 4.1: the message in the variable ``dns``, base64url without padding. Raises HTTPBadRequest."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise web.HTTPBadRequest(
            reason="dns: the message as base64url without padding is needed (RFC 8484 4.1)"
        ) from None


def check_media_type(content_type: str) -> None:
    """RFC 8484 4.1: what POST brings says that it is a message. Raises HTTPUnsupportedMediaType."""
    if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise web.HTTPUnsupportedMediaType(reason=f"the content type has to be {MEDIA_TYPE}")


async def answered(answer: Answer, packet: bytes, host: str) -> web.Response:
    """The response to a message from ``host``, an address as text. Raises HTTPBadRequest for what is no question."""
    if not _MESSAGE_OCTETS_LEAST <= len(packet) <= TCP_PAYLOAD_MOST:
        raise web.HTTPBadRequest(reason=f"{len(packet)} octets are no DNS message")
    reply = await answer(packet, ip_address(host.partition("%")[0]).packed)
    if not reply:
        raise web.HTTPBadRequest(reason="the message has no answer: it is a response, or cannot be read")
    headers = {hdrs.CACHE_CONTROL: f"max-age={freshness_seconds(reply)}"}
    return web.Response(body=reply, content_type=MEDIA_TYPE, headers=headers)


def freshness_seconds(reply: bytes) -> int:
    """How long HTTP may keep a reply: the smallest TTL of its answer, else of its authority (RFC 8484 5.1), or 0."""
    message = read_message(reply)
    return min((record.ttl for record in message.answer or message.authority), default=0)
