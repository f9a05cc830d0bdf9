"""DNS cookies (RFC 7873) in the layout of RFC 9018, stateless: any replica with the secret knows any other's.

The hash is keyed BLAKE2s cut to 8 octets in place of SipHash-2-4: as strong, and twenty times cheaper here. RFC 9018 4
wants one algorithm among the servers of an anycast set; all of ours are dnsd.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2s

from dnsd.answer.edns import CLIENT_COOKIE_OCTETS, COOKIE_OCTETS, SERVER_COOKIE_OCTETS, Edns, option_octets
from dnsd.answer.terms import Terms
from dnsd.model.message import Option

VERSION = b"\1\0\0\0"
FUTURE_SECONDS_MOST = 300
PAST_SECONDS_MOST = 3600
_HASH_OCTETS = 8
_STARTS = {
    b"\0\0" + flags + bytes((0, 4 + length, 0, Option.COOKIE, 0, length)): bool(flags[0])
    for flags in (b"\0\0", b"\x80\0")
    for length in (CLIENT_COOKIE_OCTETS, COOKIE_OCTETS)
}
"""An OPT from behind its payload to its cookie, when nothing else is in it: the client's alone, or with ours -> DO."""
_START_OCTETS = 10


def server_cookie(client_cookie: bytes, peer: bytes, now: int, secret: bytes, head: bytes = VERSION) -> bytes:
    """The 16 octets for this client: version, reserved, time, hash over all that and its address (RFC 9018 4)."""
    readable = head + (now & 0xFFFFFFFF).to_bytes(4)
    keyed = _keyed(secret).copy()
    keyed.update(client_cookie + readable + peer)
    return readable + keyed.digest()


@lru_cache(maxsize=2)
def _keyed(secret: bytes) -> blake2s:
    """The hash with its key taken in already; to be copied, which is a third cheaper than to start anew."""
    return blake2s(digest_size=_HASH_OCTETS, key=secret)


def is_valid(cookie: bytes, peer: bytes, now: int, secret: bytes) -> bool:
    """True when ``cookie`` (client's part and ours) is one that we gave this client, not long ago (RFC 9018 4.3)."""
    client, server = cookie[:CLIENT_COOKIE_OCTETS], cookie[CLIENT_COOKIE_OCTETS:]
    if len(server) != SERVER_COOKIE_OCTETS or server[:1] != VERSION[:1] or not secret:
        return False
    given = int.from_bytes(server[4:8])
    age = (now - given + 0x80000000 & 0xFFFFFFFF) - 0x80000000
    # Reserved octets count as they came: nobody may insist on zeros (RFC 9018 4.2).
    ours = server_cookie(client, peer, given, secret, server[:4])
    return -FUTURE_SECONDS_MOST <= age <= PAST_SECONDS_MOST and server == ours


def cookie_option(edns: Edns, peer: bytes, terms: Terms) -> bytes:
    """The option for a client that sent a cookie (RFC 7873 5.2.3); nothing for others, or without a secret."""
    if edns.cookie is None or not terms.cookie_secret:
        return b""
    client = edns.cookie[:CLIENT_COOKIE_OCTETS]
    return option_octets(Option.COOKIE, client + server_cookie(client, peer, terms.now, terms.cookie_secret))


def opt_with_cookie(rest: bytes, peer: bytes, terms: Terms) -> bytes:
    """The reply's OPT, for a query's OPT from behind its payload; nothing when that holds more than a cookie."""
    is_do = _STARTS.get(rest[:_START_OCTETS])
    if is_do is None or len(rest) != _START_OCTETS + rest[_START_OCTETS - 1]:
        return b""
    if not terms.cookie_secret:
        return terms.opts[is_do]
    client = rest[_START_OCTETS : _START_OCTETS + CLIENT_COOKIE_OCTETS]
    return terms.cookie_opts[is_do] + client + server_cookie(client, peer, terms.now, terms.cookie_secret)
