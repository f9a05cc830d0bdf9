"""Who may have our zones whole."""

from ipaddress import ip_network

import pytest

from dnsd.answer.allowed import NOBODY, Allowed
from dnsd.model.names import name_from_text

KEY = name_from_text("key")
ALLOWED = Allowed((ip_network("10.0.0.0/8"), ip_network("fd00::/8")), frozenset({KEY}))


@pytest.mark.parametrize(
    ("peer", "key_name", "may"),
    [
        (bytes((10, 1, 2, 3)), b"", True),
        (bytes((11, 1, 2, 3)), b"", False),
        (bytes((0xFD,)) + bytes(15), b"", True),
        (bytes((0xFE,)) + bytes(15), b"", False),
        (bytes((11, 1, 2, 3)), KEY, True),
        (bytes((11, 1, 2, 3)), name_from_text("other"), False),
    ],
)
def test_a_network_or_a_key_is_enough(peer, key_name, may):
    assert ALLOWED.has(peer, key_name) is may


def test_nobody_is_nobody():
    assert not NOBODY
    assert not NOBODY.has(bytes((10, 0, 0, 1)), KEY)
    assert Allowed(keys=frozenset({KEY}))
