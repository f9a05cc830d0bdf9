"""What commands print."""

import argparse
import json
import os
import sys

import pytest

from dnsd.cli import output

ENDPOINT = {
    "kind": "endpoint",
    "namespace": "shop",
    "service": "web",
    "id": "web-1",
    "addresses": ["192.0.2.1", "2001:db8::1"],
    "ports": [{"name": "http", "protocol": "TCP", "port": 80}, {"name": "", "protocol": "UDP", "port": 53}],
    "ready": True,
    "draining": False,
    "lease_seconds": 15,
}


def test_a_table_is_as_wide_as_its_cells(capsys):
    output.print_table(("NAME", "N"), [("a", 1), ("longer name", 22)])
    assert capsys.readouterr().out == "NAME         N\na            1\nlonger name  22\n"


def test_a_forgotten_stdout_takes_what_is_printed_and_shows_nothing(monkeypatch, tmp_path):
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        print("in the buffer")
        output.forget_stdout()
        print("and behind it", flush=True)
        assert os.fstat(out.fileno()).st_rdev == os.stat(os.devnull).st_rdev
    assert (tmp_path / "out").read_text() == ""


def test_a_stdout_that_is_closed_needs_not_be_forgotten(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    output.forget_stdout()
    assert sys.stdout is None


def test_a_table_without_rows_is_its_titles(capsys):
    output.print_table(("NAME", "N"), [])
    assert capsys.readouterr().out == "NAME  N\n"


def test_text_from_elsewhere_cannot_steer_the_terminal(capsys):
    output.print_table(("NAME",), [("a\x1b[31mb\nc",)])
    assert capsys.readouterr().out == "NAME\na\\x1b[31mb\\nc\n"
    assert output.plain("wäb ok") == "wäb ok"


def test_json_is_whole(capsys):
    output.print_document({"name": "wäb", "n": [1]}, "json")
    assert json.loads(capsys.readouterr().out) == {"name": "wäb", "n": [1]}


def test_yaml_keeps_the_order(capsys):
    output.print_document({"name": "wäb", "n": [1]}, "yaml")
    assert capsys.readouterr().out == "name: wäb\nn:\n- 1\n"


def test_notes_go_to_stderr(capsys):
    output.note("apply", "part 1")
    assert capsys.readouterr().err == "dnsd apply: part 1\n"


def test_an_endpoint_in_words():
    assert output.full_name(ENDPOINT) == "shop/web/web-1"
    assert output.addresses_text(ENDPOINT) == "192.0.2.1,2001:db8::1"
    assert output.ports_text(ENDPOINT) == "http=80,53/udp"
    assert output.ports_text({"ports": []}) == "-"
    assert output.full_name({"namespace": "shop", "name": "web"}) == "shop/web"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "ready"),
        ({"ready": False}, "not-ready"),
        ({"draining": True}, "draining"),
        ({"ready": False, "draining": True}, "draining"),
    ],
)
def test_states(fields, state):
    assert output.state_of(ENDPOINT | fields) == state


@pytest.mark.parametrize(
    ("fields", "lease"),
    [
        ({}, "15 s"),
        ({"lease_seconds": None}, "permanent"),
        ({"lease": {"remaining_seconds": 12}}, "12 of 15 s"),
        ({"lease": {"remaining_seconds": None}}, "15 s"),
    ],
)
def test_leases(fields, lease):
    assert output.lease_text(ENDPOINT | fields) == lease


def test_the_choice_of_output():
    parser = argparse.ArgumentParser()
    output.add_output_flag(parser)
    assert parser.parse_args([]).output == "table"
    assert parser.parse_args(["-o", "json"]).output == "json"
