"""Tokens: who somebody is and what that one may do. Of a token's secret only a hash is ever kept.

Invariant: the secret has 256 random bits, so a plain hash hides it: there is nothing to guess by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.grant import Grant

ID_OCTETS = 8
SECRET_OCTETS = 32
NAME_MOST = 128
GRANTS_MOST = 64
EXPIRES_SECONDS_MOST = 10 * 366 * 86_400

_TEXT = re.compile(r"dnsd_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Token:
    """A token by its public ``id``, with the SHA-256 of its secret (hexadecimal); or, with ``subject`` instead, the
    bearer of a client certificate of that subject (RFC 4514 text, or ``URI:`` and a URI of its alternative names).

    Times are Unix seconds; ``expires_at`` None: never. Raises InvalidRecord.
    """

    id: str
    name: str
    grants: tuple[Grant, ...]
    created_at: int
    expires_at: int | None = None
    secret_hash: str = field(default="", repr=False)
    subject: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= NAME_MOST or not self.name.isprintable():
            raise InvalidRecord(Fault("/name", f"1 to {NAME_MOST} printable characters are needed"))
        if not 1 <= len(self.grants) <= GRANTS_MOST:
            raise InvalidRecord(Fault("/grants", f"1 to {GRANTS_MOST} grants are needed"))

    def is_expired(self, now: float) -> bool:
        """True when its time is over."""
        return self.expires_at is not None and now >= self.expires_at

    def is_proved_by(self, secret: str) -> bool:
        """True for its secret; takes as long for any other."""
        return hmac.compare_digest(self.secret_hash.encode(), hash_of(secret).encode())


def hash_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_text(identifier: str, secret: str) -> str:
    """The token as its owner keeps it; the front lets scanners for leaked secrets find it."""
    return f"dnsd_{identifier}_{secret}"


def parts_of(text: str) -> tuple[str, str] | None:
    """Public id and secret of a token; None when it is none of ours."""
    match = _TEXT.fullmatch(text)
    return (match[1], match[2]) if match else None
