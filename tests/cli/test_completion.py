"""Scripts that the shells themselves accept, and that complete."""

import os
import subprocess

import pytest
from room import require

from dnsd.cli import main


@pytest.fixture
def script(capsys, tmp_path):
    def make(shell: str):
        assert main.main(["completion", shell]) == 0
        file = tmp_path / f"dnsd.{shell}"
        file.write_text(capsys.readouterr().out)
        return file

    return make


WORDS = pytest.mark.parametrize(
    ("words", "expected"), [("dnsd dr", "drain"), ("dnsd edit --wei", "--weight"), ("dnsd watch --ex", "--exec")]
)
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=(FOLDER \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell 'show() { print -r -- "<$BUFFER>"; BUFFER=; zle accept-line }'
zpty -w shell 'zle -N show; bindkey "^X" show; print rea""dy'
zpty -r -m shell text '*ready*'
zpty -w -n shell $'WORDS\t\x18'
zpty -r -m shell text '*<*>*'
print -r -- "$text"
zpty -d shell
"""


@WORDS
def test_bash_completes(script, words, expected):
    last = len(words.split()) - 1
    ask = f'. {script("bash")}; COMP_WORDS=({words}); COMP_CWORD={last}; _dnsd; echo "${{COMPREPLY[*]}}"'
    done = subprocess.run(["bash", "-euc", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected]


@WORDS
def test_fish_completes(script, words, expected):
    require("fish")
    ask = f"source {script('fish')}; complete -C '{words}'"
    done = subprocess.run(["fish", "--no-config", "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [expected]


@WORDS
def test_zsh_completes(script, tmp_path, words, expected):
    """It completes for keys only: they are pressed on a terminal, which zpty is, and ^X shows the line."""
    require("zsh")
    (tmp_path / "functions").mkdir()
    script("zsh").rename(tmp_path / "functions" / "_dnsd")
    (tmp_path / "ask").write_text(ZSH.replace("FOLDER", str(tmp_path / "functions")).replace("WORDS", words))
    command = ["zsh", "-f", str(tmp_path / "ask")]
    environ = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environ)
    assert f"<{words.rpartition(' ')[0]} {expected} >" in done.stdout, done
