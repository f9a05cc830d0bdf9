"""What the settings say of secondaries."""

import base64
from ipaddress import ip_network

import pytest

from dnsd.app.secondaries import allowed_of, check_secondaries, keys_of, secondaries_of
from dnsd.config import load
from dnsd.model.errors import InvalidSetting
from dnsd.model.names import name_from_text
from dnsd.server.address import Address
from dnsd.server.secondaries import Secondary

SECRET = base64.b64encode(b"0123456789abcdef").decode()
NAME = name_from_text("key.example")


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"key.example:{SECRET}\n")
    path.chmod(0o640)
    return path


def test_nobody_by_default():
    settings = load({}, {})
    check_secondaries(settings)
    assert not allowed_of(settings)
    assert secondaries_of(settings) == ()
    assert keys_of(settings) is None


def test_networks_addresses_and_keys(keys):
    given = {
        "transfer_to": ["192.0.2.0/24", "2001:db8::1", "Key.Example"],
        "notify": ["192.0.2.1:53", "[2001:db8::1]:5353 key.example."],
        "tsig_keys": str(keys),
    }
    settings = load(given, {})
    check_secondaries(settings)
    allowed = allowed_of(settings)
    assert allowed.networks == (ip_network("192.0.2.0/24"), ip_network("2001:db8::1/128"))
    assert allowed.keys == {NAME}
    assert allowed.has(bytes((192, 0, 2, 77)), b"")
    assert not allowed.has(bytes((192, 0, 3, 77)), b"")
    assert allowed.has(bytes((192, 0, 3, 77)), NAME)
    assert secondaries_of(settings) == (
        Secondary(Address("192.0.2.1", 53)),
        Secondary(Address("2001:db8::1", 5353), NAME),
    )
    assert keys_of(settings).names == {NAME}


@pytest.mark.parametrize(
    "given",
    [
        {"transfer_to": ["other"]},
        {"notify": ["192.0.2.1:53 other"]},
        {"tsig_keys": "/nonexistent/keys"},
    ],
)
def test_what_cannot_be(given, keys):
    with pytest.raises(InvalidSetting, match=f"^{next(iter(given))}: "):
        check_secondaries(load({"tsig_keys": str(keys), **given}, {}))


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_file_that_others_may_read_or_change(keys, mode):
    keys.chmod(mode)
    with pytest.raises(InvalidSetting, match="chmod"):
        check_secondaries(load({"tsig_keys": str(keys)}, {}))


def test_a_wrong_file_is_told_without_its_secrets(keys):
    keys.write_text(f"key.example:{SECRET}:oops:more\n")
    with pytest.raises(InvalidSetting, match=":1: ") as told:
        check_secondaries(load({"tsig_keys": str(keys)}, {}))
    assert SECRET not in str(told.value)


def test_without_the_library(keys, monkeypatch):
    monkeypatch.setattr("dnsd.app.secondaries.find_spec", lambda name: None)
    with pytest.raises(InvalidSetting, match=r"dnsd\[tsig\]"):
        check_secondaries(load({"tsig_keys": str(keys)}, {}))
