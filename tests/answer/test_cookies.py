"""Cookies: octet for octet the layout of RFC 9018, given to one client for a while."""

from hashlib import blake2s

import pytest

from dnsd.answer.cookies import cookie_option, is_valid, opt_with_cookie, server_cookie
from dnsd.answer.edns import Edns, opt_octets, option_octets
from dnsd.answer.terms import Terms

SECRET, PEER, NOW = b"0123456789abcdef", b"\xc0\0\2\1", 1_700_000_000
CLIENT = b"clientck"
PEER_V6 = bytes(15) + b"\1"


def whole(now: int = NOW, peer: bytes = PEER, secret: bytes = SECRET) -> bytes:
    return CLIENT + server_cookie(CLIENT, peer, now, secret)


def terms(secret: bytes = SECRET) -> Terms:
    made = Terms(cookie_secret=secret)
    made.now = NOW
    return made


@pytest.mark.parametrize("peer", [PEER, PEER_V6])
def test_the_layout(peer: bytes) -> None:
    # RFC 9018 4: Version (1), Reserved (3), Timestamp (4), Hash (8) = over Client Cookie | Version | Reserved |
    # Timestamp | Client-IP, keyed with the server secret.
    cookie = server_cookie(CLIENT, peer, NOW, SECRET)
    assert len(cookie) == 16
    assert cookie[:4] == b"\1\0\0\0"
    assert int.from_bytes(cookie[4:8]) == NOW
    assert cookie[8:] == blake2s(CLIENT + cookie[:8] + peer, digest_size=8, key=SECRET).digest()


def test_a_cookie_stays_what_it_is() -> None:
    # Replicas of different versions share the secret: whoever changes this locks their clients out for a while.
    assert whole().hex() == "636c69656e74636b010000006553f1001d266d3287f4d2d0"


@pytest.mark.parametrize(
    ("cookie", "is_good"),
    [
        (whole(), True),
        (whole(NOW - 3600), True),
        (whole(NOW - 3601), False),
        (whole(NOW + 300), True),
        (whole(NOW + 301), False),
        (whole(peer=PEER_V6), False),
        (whole(secret=b"another"), False),
        (b"clientCK" + whole()[8:], False),
        (CLIENT, False),
        (whole()[:-1], False),
        (whole() + b"x", False),
        (CLIENT + b"\2" + whole()[9:], False),
        (whole()[:-1] + bytes((whole()[-1] ^ 1,)), False),
    ],
)
def test_a_cookie_of_ours(cookie: bytes, is_good: bool) -> None:
    assert is_valid(cookie, PEER, NOW, SECRET) is is_good


def test_reserved_octets_count_as_they_came() -> None:
    # RFC 9018 4.2: "On Server Cookie verification, the server MUST NOT enforce those fields to be zero".
    readable = b"\1abc" + NOW.to_bytes(4)
    theirs = CLIENT + readable + blake2s(CLIENT + readable + PEER, digest_size=8, key=SECRET).digest()
    assert is_valid(theirs, PEER, NOW, SECRET)
    assert not is_valid(theirs[:9] + b"xyz" + theirs[12:], PEER, NOW, SECRET)
    version_2 = b"\2\0\0\0" + NOW.to_bytes(4)
    another = CLIENT + version_2 + blake2s(CLIENT + version_2 + PEER, digest_size=8, key=SECRET).digest()
    assert not is_valid(another, PEER, NOW, SECRET)


def test_time_goes_round() -> None:
    # RFC 9018 4.3: the timestamp is compared by serial number arithmetic (RFC 1982); it wraps in 2106.
    assert is_valid(whole(2**32 - 10), PEER, 2**32 + 10, SECRET)
    assert is_valid(whole(2**32 + 10), PEER, 2**32 - 10, SECRET)
    assert not is_valid(whole(2**32 - 10), PEER, 2**32 + 4000, SECRET)


def test_without_a_secret_no_cookie_is_ours() -> None:
    assert not is_valid(whole(secret=b""), PEER, NOW, b"")


@pytest.mark.parametrize("cookie", [CLIENT, whole(), CLIENT + bytes(32)])
def test_the_option_holds_the_clients_cookie_and_ours(cookie: bytes) -> None:
    assert cookie_option(Edns(512, 0, is_do=False, cookie=cookie), PEER, terms()) == option_octets(10, whole())


def test_no_option_for_who_sent_none_or_without_a_secret() -> None:
    assert cookie_option(Edns(512, 0, is_do=False), PEER, terms()) == b""
    assert cookie_option(Edns(512, 0, is_do=False, cookie=CLIENT), PEER, terms(b"")) == b""


@pytest.mark.parametrize("is_do", [False, True])
@pytest.mark.parametrize("cookie", [CLIENT, whole()])
def test_the_short_way_writes_the_same_opt(cookie: bytes, is_do: bool) -> None:
    query = opt_octets(4096, is_do, option_octets(10, cookie))
    assert opt_with_cookie(query[5:], PEER, terms()) == opt_octets(1232, is_do, option_octets(10, whole()))
    assert opt_with_cookie(query[5:], PEER, terms(b"")) == opt_octets(1232, is_do)


@pytest.mark.parametrize(
    "opt",
    [opt_octets(4096, False, option_octets(10, bytes(length))) for length in (7, 9, 16, 32)]
    + [
        opt_octets(4096, False, option_octets(3, b"")),
        opt_octets(4096, False, option_octets(10, CLIENT) + option_octets(3, b"")),
        opt_octets(4096, False, option_octets(3, CLIENT)),
        opt_octets(4096, False, option_octets(10, CLIENT), rcode=16),
        opt_octets(4096, False, option_octets(10, CLIENT)) + b"x",
        opt_octets(4096, False, option_octets(10, CLIENT))[:-1],
        opt_octets(4096, False, option_octets(10, CLIENT))[:9],
        opt_octets(4096, False),
        b"",
    ],
)
def test_anything_else_takes_a_closer_look(opt: bytes) -> None:
    assert opt_with_cookie(opt[5:], PEER, terms()) == b""
