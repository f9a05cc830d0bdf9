"""Addresses that mean something else on every host are never registered; loopback only where dnsd listens on it."""

import pytest

from dnsd.admin.addresses import refusal_of_addresses


@pytest.mark.parametrize("loopback_allowed", [True, False])
@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("169.254.169.254", "link-local"),
        ("169.254.0.1", "link-local"),
        ("fe80::1", "link-local"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
    ],
)
def test_never(address: str, word: str, loopback_allowed: bool) -> None:
    assert word in (refusal_of_addresses(loopback_allowed)(address) or "")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1"])
def test_loopback_only_at_home(address: str) -> None:
    assert refusal_of_addresses(True)(address) is None
    assert "loopback" in (refusal_of_addresses(False)(address) or "")


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.1",
        "10.0.0.1",
        "169.253.0.1",
        "223.255.255.255",
        "240.0.0.1",
        "4000::1",
        "8.8.8.8",
        "2001:db8::1",
        "fd00::1",
        "no address",
    ],
)
def test_all_others(address: str) -> None:
    assert refusal_of_addresses(False)(address) is None
