"""What the parent tells a child at its start: through a pipe, because a command line is everybody's to read."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dnsd.config import Settings, settings_from_json, settings_to_json

Role = Literal["control", "responder"]

_ORDERS_OCTETS_MOST = 60_000  # below what a pipe holds, so that writing never waits for a reader


@dataclass(frozen=True, slots=True)
class Orders:
    """A child's role and what it inherits; numbers are file descriptors, the same in parent and child.

    ``feeds``: control's ends of all feeds, or a responder's own one. ``dns``: UDP and TCP of each address. ``admin``:
    the listening socket, -1 where there is none; ``dot``, ``doh``: those of DNS over TLS and over HTTPS. ``store_url``
    and ``cookie_secret`` (hexadecimal) are secrets.
    """

    role: Role
    settings: Settings
    parent: int
    store_url: str
    cookie_secret: str
    dns: tuple[tuple[int, int], ...] = ()
    admin: int = -1
    dot: tuple[int, ...] = ()
    doh: tuple[int, ...] = ()
    feeds: tuple[int, ...] = ()
    channel: int = -1

    def descriptors(self) -> tuple[int, ...]:
        """All that the child must inherit."""
        own = (self.admin, self.channel, *self.feeds, *self.dot, *self.doh, *(fd for pair in self.dns for fd in pair))
        return tuple(descriptor for descriptor in own if descriptor >= 0)


def post(orders: Orders) -> int:
    """Write the orders into a pipe; returns the end to read, which the child inherits and the caller closes."""
    told: dict[str, Any] = {**asdict(orders), "settings": settings_to_json(orders.settings)}
    text = json.dumps(told).encode()
    if len(text) > _ORDERS_OCTETS_MOST:
        raise OSError(f"orders of {len(text)} octets, {_ORDERS_OCTETS_MOST} are possible")
    reading, writing = os.pipe()
    with open(writing, "wb") as pipe:
        pipe.write(text)
    return reading


def take(descriptor: int) -> Orders:
    """Read what :func:`post` wrote, and close the pipe."""
    with open(descriptor, "rb") as pipe:
        told = json.loads(pipe.read())
    told["settings"] = settings_from_json(told["settings"])
    told["dns"] = tuple((udp, tcp) for udp, tcp in told["dns"])
    for listed in ("feeds", "dot", "doh"):
        told[listed] = tuple(told[listed])
    return Orders(**told)
