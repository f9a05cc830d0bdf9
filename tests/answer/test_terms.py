"""What a door brings along: sizes above all."""

import pytest

from dnsd.answer.edns import opt_octets, option_octets
from dnsd.answer.terms import Terms


@pytest.mark.parametrize(
    ("offered", "most", "limit"),
    [
        (0, 1232, 512),
        (511, 1232, 512),
        (512, 1232, 512),
        (1000, 1232, 1000),
        (1232, 1232, 1232),
        (4096, 1232, 1232),
        (4096, 4096, 4096),
        (65_535, 4096, 4096),
        (65_535, 400, 512),
    ],
)
def test_a_udp_reply_is_as_large_as_both_sides_take(offered: int, most: int, limit: int) -> None:
    # RFC 6891 6.2.3: "Values lower than 512 MUST be treated as equal to 512."
    assert Terms(payload_most=most).limit(offered) == limit


@pytest.mark.parametrize("offered", [0, 512, 65_535])
def test_over_tcp_a_message_has_16_bits_of_length(offered: int) -> None:
    assert Terms(is_tcp=True).limit(offered) == 65_535


def test_without_edns() -> None:
    assert Terms().plain_limit == 512
    assert Terms(is_tcp=True).plain_limit == 65_535


def test_ready_opts() -> None:
    terms = Terms(payload_most=4096)
    assert terms.opts == (opt_octets(4096, False), opt_octets(4096, True))
    cookie = b"x" * 24
    assert [start + cookie for start in terms.cookie_opts] == [
        opt_octets(4096, is_do, option_octets(10, cookie)) for is_do in (False, True)
    ]
