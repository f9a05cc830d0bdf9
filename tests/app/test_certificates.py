import pytest
from certificates import Authority

from dnsd.app.certificates import check_encrypted, dns_tls_of
from dnsd.config import load
from dnsd.model.errors import InvalidSetting


def test_without_encrypted_doors_no_certificate_is_read():
    settings = load({"dns_tls_cert": "/nowhere.crt", "dns_tls_key": "/nowhere.key"}, {})
    assert dns_tls_of(settings) is None
    check_encrypted(settings)


def test_a_door_needs_certificate_and_key():
    with pytest.raises(InvalidSetting, match=r"doh: '127.0.0.1:1' needs dns_tls_key"):
        load({"doh": ["127.0.0.1:1"], "dns_tls_cert": "/nowhere.crt"}, {})


def test_a_certificate_that_cannot_be_used_is_named(tmp_path):
    pair = Authority(tmp_path).sign("one", "/CN=one", "IP:127.0.0.1")
    good = {"dot": ["127.0.0.1:1"], "dns_tls_cert": pair.certificate, "dns_tls_key": pair.key}
    check_encrypted(load(good, {}))
    with pytest.raises(InvalidSetting, match=r"dns_tls_key: '/nowhere.key' cannot be read"):
        check_encrypted(load({**good, "dns_tls_key": "/nowhere.key"}, {}))
    with pytest.raises(InvalidSetting, match=r"dns_tls_cert, dns_tls_key: .* are no certificate and its key"):
        check_encrypted(load({**good, "dns_tls_cert": pair.key}, {}))
