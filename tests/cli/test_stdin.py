"""All of stdin, or one line that it is closed."""

import subprocess
import sys

import pytest

from dnsd.cli.failures import WrongCall
from dnsd.cli.stdin import standard_input


def test_a_closed_one_is_a_wrong_call(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(WrongCall, match="stdin is closed"):
        standard_input()


@pytest.mark.parametrize("command", ["apply", "batch"])
def test_a_command_without_stdin_says_so_in_one_line(command):
    words = f"{sys.executable} -m dnsd {command} -f - <&-"
    done = subprocess.run(words, shell=True, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "stdin is closed" in done.stderr
