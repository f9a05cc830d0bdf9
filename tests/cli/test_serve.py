import argparse
import io
import os
import sys
from pathlib import Path

import pytest

from dnsd.cli import main, serve
from dnsd.config.options import OPTIONS


def test_the_help_teaches_every_setting(capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(["serve", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    for option in OPTIONS.values():
        assert option.flag in shown
        assert option.variable in shown
    assert "SIGHUP reads the zone files again" in shown


def test_the_line_of_help_is_that_of_the_table_of_commands():
    assert main.COMMANDS["serve"].help == serve.HELP


def test_a_wrong_setting_ends_it_with_2_and_one_line(capsys, monkeypatch):
    monkeypatch.setenv("DNSD_WORKERS", "many")
    assert main.main(["serve"]) == 2
    errors = capsys.readouterr().err
    assert errors == "dnsd serve: workers: 'many' (from DNSD_WORKERS) is wrong: a whole number from 0 to 64 is needed\n"


def test_settings_and_environment_reach_the_replica(monkeypatch, capsys):
    given = []

    def served(settings, environ, show):
        given.append((settings, environ))
        show("dnsd ready")
        return 3

    monkeypatch.setattr(serve, "serve", served)
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    assert serve.execute(parser.parse_args(["--workers", "2"])) == 3
    assert given[0][0].workers == 2
    assert given[0][1] is os.environ
    assert capsys.readouterr().out == "dnsd ready\n"


def test_a_reader_of_the_ready_line_that_went_away_does_not_end_it(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        serve._show("dnsd ready")
        serve._show("dnsd ready")
        assert os.fstat(gone.fileno()).st_rdev == os.stat(os.devnull).st_rdev


def test_a_terminal_of_another_alphabet_is_told_all_the_same(monkeypatch):
    octets = io.BytesIO()
    with io.TextIOWrapper(octets, encoding="latin-1") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        serve._show("dnsd ready — try")
        assert octets.getvalue() == b"dnsd ready ? try\n"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_disk_under_the_ready_line_does_not_end_it(monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        serve._show("dnsd ready")
        assert os.fstat(full.fileno()).st_rdev == os.stat(os.devnull).st_rdev
