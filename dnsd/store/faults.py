"""Every fault of the Redis client, turned into ours at this door: StoreUnavailable with a reason in one slug."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions

from dnsd.model.errors import StoreUnavailable

_SLUGS = {
    "READONLY": "read-only",
    "OOM": "out-of-memory",
    "MISCONF": "misconf",
    "LOADING": "loading",
    "MASTERDOWN": "loading",
    "NOAUTH": "no-auth",
    "WRONGPASS": "no-auth",
    "NOPERM": "no-permission",
    "NOREPLICAS": "not-replicated",
    "WRONGTYPE": "wrong-type",
    "NEWERSCHEMA": "newer-schema",
    "BUSY": "busy",
    "UNKILLABLE": "busy",
    "MOVED": "moved",
    "ASK": "moved",
    "TRYAGAIN": "moved",
    "CROSSSLOT": "moved",
    "CLUSTERDOWN": "cluster-down",
}
_CODE = re.compile(rf"(?:^|-)({'|'.join(_SLUGS)})\b")


def unavailable(fault: BaseException, place: str) -> StoreUnavailable:
    """What a fault of the client, the socket or a script means to us."""
    return StoreUnavailable(slug_of(fault), f"the store at {place}: {str(fault) or type(fault).__name__}")


def whole(text: str | None, what: str, place: str) -> int:
    """The number that stands in the store for ``what``, 0 where none does. Raises StoreUnavailable (``garbage``)."""
    if text is not None and not (text.isascii() and text.isdigit()):
        raise StoreUnavailable(
            "garbage", f"the store at {place}: {what} is {text!r:.40}, no number: not written by dnsd"
        )
    return int(text or 0)


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what the client raises inside into StoreUnavailable."""
    try:
        yield
    except (exceptions.RedisError, OSError) as fault:
        raise unavailable(fault, place) from fault


def slug_of(fault: BaseException) -> str:
    """The reason in one word."""
    if isinstance(fault, (exceptions.TimeoutError, TimeoutError)):
        return "timeout"
    # redis-py takes the codes it knows off the text. Redis 6.2 puts the code of a call that failed inside a script
    # into the middle of the script's own error, 7 in front of it.
    code = getattr(fault, "status_code", None)
    if code in _SLUGS:
        return _SLUGS[code]
    found = _CODE.search(str(fault))
    if found:
        return _SLUGS[found[1]]
    if "unauthenticated" in str(fault):  # a command of more than ten words is refused before it is read
        return "no-auth"
    return "script" if isinstance(fault, exceptions.ResponseError) else "connection"
