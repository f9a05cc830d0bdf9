from dataclasses import replace

import pytest

from dnsd.config import load, settings_from_json, settings_to_json
from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address


def test_the_trip_to_a_child_process_changes_nothing():
    settings = load({"dns": ["[::1]:53", "127.0.0.1:53"], "redis": "redis://:secret@h/0", "workers": "0"}, {})
    assert settings_from_json(settings_to_json(settings)) == settings


def test_the_trip_keeps_what_is_none_or_empty():
    settings = load({"dns": ["0.0.0.0:53"]}, {})
    assert settings.advertise == ()
    assert settings.zones is None
    assert settings_from_json(settings_to_json(settings)) == settings


@pytest.mark.parametrize("admin", ["0.0.0.0:8053", "192.0.2.1:8053", "[::]:8053"])
def test_an_admin_api_beyond_loopback_is_refused_with_the_reason_in_one_line(admin):
    with pytest.raises(InvalidSetting, match="tls_cert and tls_key and tokens are not set") as refusal:
        load({"admin": admin}, {})
    assert "\n" not in str(refusal.value)
    assert load({"admin": admin, "insecure": "true"}, {}).insecure


def test_an_admin_api_on_another_loopback_address_is_taken():
    assert load({"admin": "127.0.0.2:8053"}, {}).admin == Address("127.0.0.2", 8053)


def test_admin_and_dns_share_no_address():
    with pytest.raises(InvalidSetting, match=r"admin: '127.0.0.1:1053' is taken by dns"):
        load({"admin": "127.0.0.1:1053"}, {})
    assert load({"admin": "127.0.0.1:0", "dns": ["127.0.0.1:0"]}, {}).admin.port == 0


def test_reverse_networks_do_not_overlap():
    with pytest.raises(InvalidSetting, match=r"reverse: 10.0.0.0/8 and 10.1.0.0/16 overlap"):
        load({"reverse": ["10.0.0.0/8", "192.168.0.0/16", "10.1.0.0/16"]}, {})


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("answer_to", ["10.0.0.0/8", "!10.0.0.0/8"]),
        ("forward_for", ["!10.0.0.0/8", "192.0.2.0/24", "10.0.0.0/8"]),
        ("short_names", ["10.0.0.0/8 team-a", "10.0.0.0/8 team-b"]),
    ],
)
def test_a_network_has_one_rule(setting, values):
    with pytest.raises(InvalidSetting, match=rf"{setting}: 10.0.0.0/8 stands there twice"):
        load({setting: values}, {})


def test_the_password_of_the_store_is_in_no_representation():
    settings = load({"redis": "redis://:secret@h/0"}, {})
    assert "secret" not in repr(settings)
    assert settings.store_shown == "redis://:***@h/0"
    assert replace(settings, redis=None).store_shown == "embedded"


TLS = {"tls_cert": "/a.crt", "tls_key": "/a.key"}


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ({}, "tls_cert and tls_key and tokens are"),
        (TLS, "tokens are"),
        ({"tokens": "true"}, "tls_cert and tls_key are"),
    ],
)
def test_beyond_loopback_tls_and_tokens_are_both_needed(given, lacking):
    with pytest.raises(InvalidSetting, match=rf"^admin: '0\.0\.0\.0:8053' is not on loopback, and {lacking} not set"):
        load({"admin": "0.0.0.0:8053", **given}, {})
    assert load({"admin": "0.0.0.0:8053", **TLS, "tokens": "true"}, {}).tokens
    assert load({"admin": "0.0.0.0:8053", **given, "insecure": "true"}, {}).insecure
    assert load(given, {}).admin.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tls_cert": "/a.crt"}, "tls_cert: '/a.crt' is of use only with tls_key"),
        ({"tls_key": "/a.key"}, "tls_key: '/a.key' is of use only with tls_cert"),
        ({"tls_client_ca": "/ca"}, "tls_client_ca: '/ca' is of use only with tls_cert and tls_key"),
        ({**TLS, "tls_client_ca": "/ca"}, "tls_client_ca: '/ca' is of use only with tokens = true"),
    ],
)
def test_settings_that_go_together(given, said):
    with pytest.raises(InvalidSetting, match=said):
        load(given, {})
