"""Pages of man, made of the help."""

import subprocess

import pytest
from room import require

from dnsd.cli import main


def test_a_page_for_each_command(tmp_path, capsys):
    assert main.main(["manual", str(tmp_path / "man1")]) == 0
    assert capsys.readouterr().out == f"{len(main.COMMANDS) + 1} pages in {tmp_path / 'man1'}\n"
    pages = {file.name: file.read_text() for file in (tmp_path / "man1").iterdir()}
    assert set(pages) == {"dnsd.1", *(f"dnsd-{name}.1" for name in main.COMMANDS)}
    assert r"\fB\-\-weight\fR N" in pages["dnsd-edit.1"]
    assert ".SH NOTES" in pages["dnsd-apply.1"]


@pytest.mark.parametrize("page", ["dnsd.1", *(f"dnsd-{name}.1" for name in main.COMMANDS)])
def test_groff_has_no_complaint(tmp_path, page):
    require("groff")
    assert main.main(["manual", str(tmp_path)]) == 0
    words = ["groff", "-ww", "-man", "-Tascii", str(tmp_path / page)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert len(done.stdout) > 500


def test_a_folder_that_cannot_be(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main.main(["manual", str(tmp_path / "file" / "man1")]) == 2
    assert "file" in capsys.readouterr().err
