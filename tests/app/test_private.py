"""A file of secrets is read only when it is one."""

import pytest

from dnsd.app.private import read_private
from dnsd.model.errors import InvalidSetting


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_private_file(tmp_path, mode):
    path = tmp_path / "secret"
    path.write_text("word\n")
    path.chmod(mode)
    assert read_private("some_file", str(path)) == "word\n"


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o666])
def test_others_may_read_or_change_it(tmp_path, mode):
    path = tmp_path / "secret"
    path.write_text("word\n")
    path.chmod(mode)
    with pytest.raises(InvalidSetting, match=r"some_file: .* chmod 640 or 600") as caught:
        read_private("some_file", str(path))
    assert "word" not in str(caught.value)


def test_it_is_not_there(tmp_path):
    with pytest.raises(InvalidSetting, match=r"some_file: .* cannot be read: No such file"):
        read_private("some_file", str(tmp_path / "none"))
