"""The API described for tools: OpenAPI 3.1, made of the shapes that read the bodies; and a page for each problem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from dnsd import __version__
from dnsd.admin import replies
from dnsd.admin.bodies import MANIFEST_TYPES
from dnsd.admin.calls import CALLS, MANIFEST, Call
from dnsd.admin.failures import problem_pages
from dnsd.admin.lists import STATES
from dnsd.admin.queries import LIMIT_DEFAULT, LIMIT_MOST
from dnsd.codec.reply_shapes import ProblemReply
from dnsd.codec.selector import OCTETS_MOST, PATTERN
from dnsd.codec.shapes import ID_PATTERN, LABEL_PATTERN
from dnsd.model.errors import NotFound
from dnsd.model.message import TCP_PAYLOAD_MOST, UDP_PAYLOAD_DEFAULT, UDP_PAYLOAD_LEAST

_REFERENCES = "#/components/schemas/{model}"
_LABEL = {"type": "string", "pattern": LABEL_PATTERN}
_REVISION = {"type": "string", "pattern": '^("[0-9]{1,18}"|[0-9]{1,18})$'}
_FLAG = {"type": "string", "enum": ["true", "false"]}
_PATH: dict[str, tuple[dict[str, Any], str]] = {
    "namespace": (_LABEL, "default"),
    "service": (_LABEL, "web"),
    "id": ({"type": "string", "pattern": ID_PATTERN}, "web-1"),
    "zone": ({"type": "string", "minLength": 1}, "cluster.local"),
    "token": ({"type": "string", "minLength": 1}, "0123456789abcdef"),
    "slug": ({"type": "string", "minLength": 1}, "not-found"),
}
_HEADERS: dict[str, dict[str, Any]] = {
    "If-Match": _REVISION,
    "If-None-Match": {"const": "*"},
    "Last-Event-ID": {"type": "string", "pattern": "^.+-[0-9]{1,18}$"},
}
_QUERY: dict[str, dict[str, Any]] = {
    "namespace": {"type": "string"},
    "service": {"type": "string"},
    "label": {"type": "array", "items": {"type": "string", "pattern": PATTERN, "maxLength": OCTETS_MOST}},
    "state": {"type": "string", "enum": list(STATES)},
    "port": {"type": "string", "description": "the name of a port"},
    "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT_DEFAULT},
    "cursor": {"type": "string", "description": "next of the page before"},
    "force": _FLAG,
    "dry_run": _FLAG,
    "prune": _FLAG,
    "replace": _FLAG,
    "name": {"type": "string", "minLength": 1, "description": "a domain name; absolute, with or without its dot"},
    "type": {"type": "string", "default": "A"},
    "client": {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    "size": {
        "type": "integer",
        "minimum": UDP_PAYLOAD_LEAST,
        "maximum": TCP_PAYLOAD_MOST,
        "default": UDP_PAYLOAD_DEFAULT,
    },
}
_MODE: Literal["validation"] = "validation"
_NEEDED = frozenset({("/v1/answer", "name")})
_REFUSED_ANYWHERE = (403, 431, 500)
"""A Host or Origin that is not ours or no grant, a header too large, and what nobody expected."""
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "a token: `dnsd token create`"},
    "certificate": {"type": "mutualTLS", "description": "a certificate of tls_client_ca whose subject has a token"},
}
_PROOFS: list[dict[str, list[str]]] = [{"token": []}, {"certificate": []}]


class OpenApiCalls:
    """``/openapi.json`` and ``/problems/{slug}``."""

    def __init__(self, required: bool) -> None:
        self._required = required
        self._document: dict[str, Any] | None = None
        self._pages = problem_pages()

    def routes(self) -> list[web.RouteDef]:
        """What is called by which path."""
        return [web.get("/openapi.json", self.show), web.get("/problems/{slug}", self.explain)]

    async def show(self, _: web.Request) -> web.Response:
        """The description; made once, when it is first asked for."""
        if self._document is None:
            self._document = openapi_document(self._required)
        return replies.reply(self._document)

    async def explain(self, request: web.Request) -> web.Response:
        """What a problem's type means."""
        slug = request.match_info["slug"]
        if slug not in self._pages:
            raise NotFound(f"there is no problem of this type; there are {', '.join(self._pages)}")
        return replies.reply(self._pages[slug])


def openapi_document(required: bool = True) -> dict[str, Any]:
    """The whole description; ``required``: whoever calls must prove who he is, but where a call is open."""
    given = (shape for call in CALLS for shape in (call.body, *call.replies.values(), ProblemReply))
    shapes = {shape.__name__: shape for shape in given if isinstance(shape, type) and issubclass(shape, BaseModel)}
    wanted = [(shapes[name], _MODE) for name in sorted(shapes)]
    _, definitions = models_json_schema(wanted, ref_template=_REFERENCES)
    by_path: dict[str, Any] = {}
    for call in CALLS:
        by_path.setdefault(call.path, {})[call.method] = _operation(call, required)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dnsd admin API",
            "version": __version__,
            "description": "Register services and endpoints, and ask what a resolver is told of them, and why.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": by_path,
        "components": {"schemas": definitions["$defs"], "securitySchemes": _SCHEMES},
    }


def _operation(call: Call, required: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(call),
        "summary": call.title,
        "description": _needed(call),
        "security": _PROOFS if call.needs and required else [],
        "parameters": [*_path_parameters(call), *(_parameter(call, name) for name in call.parameters)],
        "responses": {
            **{str(status): _success(status, shape) for status, shape in call.replies.items()},
            **{str(status): _problem(status) for status in _refusals(call, required)},
        },
    }
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(call)}
    return operation


def _refusals(call: Call, required: bool) -> list[int]:
    proof = (401, 503) if call.needs and required else ()
    return sorted({*call.problems, *_REFUSED_ANYWHERE, *proof} - call.replies.keys())


def _needed(call: Call) -> str:
    if call.needs is None:
        return "Open to everybody."
    on = {"one": "this service", "some": "each object concerned", "all": "everything"}[call.needs.on]
    return f"Needs a grant of {' or '.join(call.needs.verbs)} on {on}, where tokens are needed."


def _operation_id(call: Call) -> str:
    words = re.sub(r"[^a-z]+", " ", call.path.removeprefix("/v1")).split()
    return "_".join([call.method, *words])


def _path_parameters(call: Call) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH[name][0], "example": _PATH[name][1]}
        for name in re.findall(r"{(\w+)}", call.path)
    ]


def _parameter(call: Call, name: str) -> dict[str, Any]:
    place = "header" if name in _HEADERS else "query"
    parameter = {
        "name": name,
        "in": place,
        "required": (call.path, name) in _NEEDED,
        "schema": (_HEADERS | _QUERY)[name],
    }
    given = call.query.get(name)
    if given is not None:
        parameter["example"] = int(given) if given.isdigit() else given
    return parameter


def _content(call: Call) -> Mapping[str, Any]:
    if isinstance(call.body, str):
        # An empty document is nothing to apply, and no fault.
        schema = {
            "type": ["object", "null"],
            "required": ["apiVersion", "kind"],
            "description": "a manifest, or a List of them",
        }
        return {each: {"schema": schema, "example": MANIFEST} for each in sorted(MANIFEST_TYPES)}
    assert call.body is not None
    return {"application/json": {"schema": _reference(call.body), "example": call.example}}


def _success(status: int, shape: type[BaseModel] | str) -> dict[str, Any]:
    if isinstance(shape, str):
        kind = {} if shape == "application/json" else {"type": "string"}
        return {"description": HTTPStatus(status).phrase, "content": {shape: {"schema": kind}}}
    return {
        "description": (shape.__doc__ or "").splitlines()[0],
        "content": {"application/json": {"schema": _reference(shape)}},
    }


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": _reference(ProblemReply)}},
    }


def _reference(shape: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCES.format(model=shape.__name__)}
