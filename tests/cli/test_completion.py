"""Scripts that the shells themselves accept, and that complete."""

import shutil
import subprocess

import pytest

from dnsd.cli import main


@pytest.fixture
def script(capsys, tmp_path):
    def make(shell: str):
        assert main.main(["completion", shell]) == 0
        file = tmp_path / f"dnsd.{shell}"
        file.write_text(capsys.readouterr().out)
        return file

    return make


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["dnsd", "dr"], "drain"), (["dnsd", "edit", "--wei"], "--weight"), (["dnsd", "watch", "--ex"], "--exec")],
)
def test_bash_completes(script, words, expected):
    quoted = " ".join(words)
    ask = f'. {script("bash")}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _dnsd; echo "${{COMPREPLY[*]}}"'
    done = subprocess.run(["bash", "-euc", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_others_read_it(script, shell):
    file = script(shell)
    text = file.read_text()
    assert "drain" in text
    assert "weight" in text
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(file)], check=True)
