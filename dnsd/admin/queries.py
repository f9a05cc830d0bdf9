"""Query parameters, each known to its call and given once, and the cursor of a list."""

from __future__ import annotations

import base64
import binascii
import json

from aiohttp import web

from dnsd.admin.failures import BadParameter
from dnsd.codec.selector import Selector, selector_from_text

LIMIT_DEFAULT = 100
LIMIT_MOST = 1000


def check_parameters(request: web.Request, *known: str, repeatable: str | None = None) -> None:
    """Refuse a parameter that this call does not know, or one given twice. Raises BadParameter."""
    for name in request.query:
        if name not in known and name != repeatable:
            taken = ", ".join(filter(None, (*known, repeatable))) or "none"
            raise BadParameter(f"unknown parameter {name!r:.100}; this call takes {taken}")
        if name != repeatable and len(request.query.getall(name)) > 1:
            raise BadParameter(f"parameter {name} is given more than once")


def flag(request: web.Request, name: str) -> bool:
    """A parameter that is true or false, false when absent. Raises BadParameter."""
    text = request.query.get(name, "false")
    if text not in ("true", "false"):
        raise BadParameter(f"{name} is true or false, not {text!r:.100}")
    return text == "true"


def choice(request: web.Request, name: str, choices: tuple[str, ...]) -> str | None:
    """A parameter that is one of these, or None. Raises BadParameter."""
    text = request.query.get(name)
    if text is not None and text not in choices:
        raise BadParameter(f"{name} is one of {', '.join(choices)}, not {text!r:.100}")
    return text


def limit(request: web.Request) -> int:
    """How many items a page holds. Raises BadParameter."""
    text = request.query.get("limit", str(LIMIT_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LIMIT_MOST):
        raise BadParameter(f"limit is 1 to {LIMIT_MOST}, not {text!r:.100}")
    return int(text)


def cursor_text(key: tuple[str, ...]) -> str:
    """The opaque cursor behind which the next page starts: the last key of this one."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def cursor(request: web.Request, parts: int) -> tuple[str, ...] | None:
    """The key, of so many parts, behind which a page starts; None for the first page. Raises BadParameter."""
    text = request.query.get("cursor")
    if not text:
        return None
    try:
        key = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise BadParameter("cursor is not one that a list of this kind gave")
    return tuple(key)


def labels(request: web.Request) -> Selector:
    """All of ``label``, together. Raises BadParameter."""
    try:
        found = [selector_from_text(text) for text in request.query.getall("label", [])]
    except ValueError as fault:
        raise BadParameter(f"label: {fault}") from None
    return tuple(requirement for selector in found for requirement in selector)
