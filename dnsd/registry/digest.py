"""One number for everything that a mirror holds: equal at the same revision on all replicas, or something is wrong."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from dnsd.model.service import EndpointKey, ServiceKey

Pair = tuple[ServiceKey | EndpointKey, int]
"""An object's key and revision."""


def digest_of(pairs: Iterable[Pair]) -> str:
    """Sixteen hexadecimal digits, whatever the order. Objects without a revision (implied ones) do not count."""
    total = 0
    for key, revision in pairs:
        if revision:
            word = f"{'/'.join(key)} {revision}".encode()
            total += zlib.crc32(word) << 32 | zlib.adler32(word)
    return f"{total & 0xFFFF_FFFF_FFFF_FFFF:016x}"
