"""Who checks whom: of all live replicas exactly one for each endpoint, without a word between them.

Rendezvous hashing: every replica draws the same lot for every pair, the highest has the endpoint. When one dies, its
endpoints alone find others; when one comes, it takes its share and no more is moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from dnsd.model.service import EndpointKey


def checker_of(key: EndpointKey, replicas: Iterable[str]) -> str | None:
    """The replica that checks this endpoint; None when there is none."""
    member = "/".join(key)
    return max(replicas, key=lambda replica: (_lot(replica, member), replica), default=None)


def _lot(replica: str, member: str) -> bytes:
    return blake2b(f"{replica}\0{member}".encode(), digest_size=8).digest()
