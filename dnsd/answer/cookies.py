"""DNS cookies (RFC 7873) in the layout of RFC 9018, stateless: any replica with the secret knows any other's.

The hash is keyed BLAKE2s cut to 8 octets in place of SipHash-2-4: as strong, and twenty times cheaper here. RFC 9018 4
wants one algorithm among the servers of an anycast set; all of ours are dnsd.
"""

from __future__ import annotations

from hashlib import blake2s

from dnsd.answer.edns import CLIENT_COOKIE_OCTETS

VERSION = b"\1\0\0\0"
SERVER_COOKIE_OCTETS = 16
COOKIE_OCTETS = CLIENT_COOKIE_OCTETS + SERVER_COOKIE_OCTETS
FUTURE_SECONDS_MOST = 300
PAST_SECONDS_MOST = 3600
_HASH_OCTETS = 8


def server_cookie(client_cookie: bytes, peer: bytes, now: int, secret: bytes) -> bytes:
    """The 16 octets for this client: version, reserved, time, hash over all that and its address (RFC 9018 4)."""
    readable = VERSION + (now & 0xFFFFFFFF).to_bytes(4)
    return readable + blake2s(client_cookie + readable + peer, digest_size=_HASH_OCTETS, key=secret).digest()


def is_valid(cookie: bytes, peer: bytes, now: int, secret: bytes) -> bool:
    """True when ``cookie`` (client's part and ours) is one that we gave this client, not long ago (RFC 9018 4.3)."""
    client, server = cookie[:CLIENT_COOKIE_OCTETS], cookie[CLIENT_COOKIE_OCTETS:]
    if len(server) != SERVER_COOKIE_OCTETS or not secret:
        return False
    given = int.from_bytes(server[4:8])
    age = (now - given + 0x80000000 & 0xFFFFFFFF) - 0x80000000
    return -FUTURE_SECONDS_MOST <= age <= PAST_SECONDS_MOST and server == server_cookie(client, peer, given, secret)
