"""Active health checks: what a service may ask for, and what can be wrong with an endpoint that fails its check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from dnsd.model import names
from dnsd.model.errors import Fault

CheckType = Literal["tcp", "http"]
Failing = Literal["refused", "timeout", "unreachable", "closed", "status", "not-http"]

CHECK_TYPES: tuple[CheckType, ...] = get_args(CheckType)
FAILINGS: Mapping[Failing, str] = {
    "refused": "its port refuses connections",
    "timeout": "it does not answer in time",
    "unreachable": "its address cannot be reached",
    "closed": "it closes the connection before it has answered",
    "status": "it answers with a status other than 200 to 399",
    "not-http": "what it answers is not HTTP",
}
INTERVAL_SECONDS_DEFAULT = 10
INTERVAL_SECONDS_MOST = 3600
TIMEOUT_SECONDS_DEFAULT = 2
UP_DEFAULT = 2
DOWN_DEFAULT = 3
THRESHOLD_MOST = 100
PATH_PATTERN = "^/[!-~]{0,1023}$"
"""Printable ASCII alone: no line break and no space can end the request line early."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How the endpoints of a service are checked; Service checks that it makes sense.

    ``port``: the name of the endpoint's port, "" for its first one of TCP. ``path``: of the GET, for ``http``.
    ``up`` successes in a row bring a failing endpoint back, ``down`` failures in a row take it out.
    """

    type: CheckType
    port: str = ""
    path: str = "/"
    interval_seconds: int = INTERVAL_SECONDS_DEFAULT
    timeout_seconds: int = TIMEOUT_SECONDS_DEFAULT
    up: int = UP_DEFAULT
    down: int = DOWN_DEFAULT


def health_faults(check: HealthCheck) -> Iterator[Fault]:
    """All that is wrong with it, with JSON pointers as its service has them."""
    if check.type not in CHECK_TYPES:
        yield Fault("/health/type", f"{check.type!r} is none of {', '.join(CHECK_TYPES)}")
    if check.port and not names.is_port_name(check.port):
        yield Fault("/health/port", f"{check.port!r} is not 1 to 62 of a-z 0-9 -, no dash at either end")
    if not re.fullmatch(PATH_PATTERN, check.path) or check.path.endswith("\n"):
        yield Fault("/health/path", f"{check.path!r:.100} is not / and up to 1,023 printable ASCII characters")
    yield from _range_fault("interval_seconds", check.interval_seconds, INTERVAL_SECONDS_MOST)
    yield from _range_fault("timeout_seconds", check.timeout_seconds, max(1, check.interval_seconds))
    yield from _range_fault("up", check.up, THRESHOLD_MOST)
    yield from _range_fault("down", check.down, THRESHOLD_MOST)


def _range_fault(field: str, number: int, most: int) -> Iterator[Fault]:
    if not 1 <= number <= most:
        yield Fault(f"/health/{field}", f"{number} is not in 1 to {most}")
