"""Objects and what became of a write, as JSON replies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

from aiohttp import hdrs, web

from dnsd.admin.preconditions import etag
from dnsd.codec.document import document_of
from dnsd.codec.stored import SHARED, some_endpoint
from dnsd.model.health import Failing
from dnsd.model.lease import renew_every_seconds
from dnsd.model.service import Endpoint, EndpointKey, Service
from dnsd.registry.services import Written

_encode = json.JSONEncoder(separators=(",", ":")).encode

Remaining = Mapping[EndpointKey, int | None]
"""Seconds left of each lease, as far as the store told."""


def reply(body: Mapping[str, object], status: int = 200, revision: int | None = None) -> web.Response:
    """``body`` as JSON; with ``revision``, its ETag."""
    headers: dict[str, str] = {} if revision is None else {hdrs.ETAG: etag(revision)}
    return reply_text(_encode(body), status, headers)


def reply_text(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON that is text already."""
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


async def reply_chunks(request: web.Request, content_type: str, chunks: AsyncIterable[bytes]) -> web.StreamResponse:
    """What is sent as it is made. Whoever leaves in the middle is no accident."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: content_type})
    await response.prepare(request)
    with suppress(ConnectionError):
        async for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
    return response


def reply_object(value: Service | Endpoint, body: Mapping[str, object]) -> web.Response:
    """One object with its ETag."""
    return reply(body, revision=value.revision)


def reply_written(written: Written) -> web.Response:
    """What a PUT, a PATCH or an undrain did: 201 when it created the object, with how safe and how visible it is."""
    status = 201 if written.outcome == "created" else 200
    text = f"{written_text(written)[:-1]},{_encode(certainty(written))[1:]}"
    return reply_text(text, status, {hdrs.ETAG: etag(written.value.revision)})


def reply_deleted(written: Written) -> web.Response:
    """The object as it was."""
    return reply(document_of(written.value) | {"outcome": written.outcome} | certainty(written))


def written_document(written: Written) -> dict[str, object]:
    """The object with what became of it, and its lease where it has one."""
    body = document_of(written.value)
    body["outcome"] = written.outcome
    if isinstance(written.value, Endpoint) and written.outcome != "deleted":
        body |= lease_document(written.value, written.remaining_seconds)
    return body


def written_text(written: Written) -> str:
    """The same as JSON. Plain endpoints, a thousand in a batch, are told in a third of the time: what they share is
    made once, and nothing that tells them apart can need an escape (``model.service``).
    """
    value = written.value
    if not isinstance(value, Endpoint) or value.metadata or written.outcome == "deleted":
        return _encode(written_document(written))
    addresses = '","'.join(value.addresses)
    return (
        f'{{"kind":"endpoint","namespace":"{value.namespace}","service":"{value.service}","id":"{value.id}",'
        f'"addresses":["{addresses}"],"revision":{value.revision},"outcome":"{written.outcome}",'
        f"{_shared_text(written.remaining_seconds, value.failing, *SHARED(value))}"
    )


_OWN = ("kind", "namespace", "service", "id", "addresses", "revision")


@lru_cache(maxsize=4096, typed=True)
def _shared_text(remaining_seconds: int | None, failing: Failing | None, *shared: Any) -> str:
    """The fields of such endpoints that are not their own, up to the object's end."""
    some = replace(some_endpoint(*shared), failing=failing)
    told = document_of(some) | lease_document(some, remaining_seconds)
    return _encode({field: value for field, value in told.items() if field not in _OWN})[1:]


def certainty(written: Written) -> dict[str, object]:
    """How safe the write is (null when the store is away and a heartbeat was noted), and how visible."""
    return {
        "durability": written.durability if written.stored else None,
        "visible": written.visible,
        "stored": written.stored,
    }


def lease_document(endpoint: Endpoint, remaining_seconds: int | None) -> dict[str, object]:
    """The ``lease`` of an endpoint, to be added to it; nothing for a permanent one."""
    if endpoint.lease_seconds is None:
        return {}
    return {
        "lease": {
            "seconds": endpoint.lease_seconds,
            "renew_every_seconds": round(renew_every_seconds(endpoint.lease_seconds), 3),
            "remaining_seconds": remaining_seconds,
        }
    }


def endpoint_documents(endpoints: Sequence[Endpoint], remaining: Remaining) -> list[dict[str, object]]:
    """Endpoints with their leases."""
    return [document_of(each) | lease_document(each, remaining.get(each.key)) for each in endpoints]


def key_document(key: EndpointKey) -> dict[str, str]:
    """What identifies an endpoint."""
    return {"namespace": key[0], "service": key[1], "id": key[2]}
