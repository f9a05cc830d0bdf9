"""What a wrong file of the access settings says before anything is opened."""

import logging
import re
from pathlib import Path

import pytest
from certificates import Authority

from dnsd.app.access import check_access, root_of, tls_of
from dnsd.config import load
from dnsd.model.errors import InvalidSetting
from dnsd.model.token import token_text

SECRET = "s" * 43


@pytest.fixture
def root_file(tmp_path):
    path = tmp_path / "root.token"
    path.write_text(token_text("0123456789abcdef", SECRET) + "\n")
    path.chmod(0o600)
    return path


def test_nothing_is_set():
    settings = load({}, {})
    check_access(settings)
    assert root_of(settings) is tls_of(settings) is None


def test_the_root_token(root_file):
    root = root_of(load({"root_token_file": str(root_file), "tokens": "true"}, {}))
    assert root.is_proved_by(SECRET)
    assert not root.is_proved_by(SECRET[1:])


def test_a_file_that_holds_none(root_file):
    root_file.write_text(SECRET)
    with pytest.raises(InvalidSetting, match=r"root_token_file: .* holds no token") as caught:
        check_access(load({"root_token_file": str(root_file)}, {}))
    assert SECRET not in str(caught.value)


def test_tls(tmp_path, caplog):
    pair = Authority(tmp_path).sign("server", "/CN=server", "IP:127.0.0.1")
    settings = load({"tls_cert": pair.certificate, "tls_key": pair.key}, {})
    check_access(settings)
    assert tls_of(settings).context().get_ciphers()
    Path(pair.key).chmod(0o644)
    caplog.set_level(logging.WARNING)
    check_access(settings)
    assert re.search("tls_key: .* can be read by everybody", caplog.text)
    Path(pair.key).write_text("")
    with pytest.raises(InvalidSetting, match="tls_key"):
        check_access(settings)
