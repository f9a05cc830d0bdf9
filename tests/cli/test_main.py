"""The command as a whole: its table, its help, its one line when it fails."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dnsd import __version__
from dnsd.cli import main as cli
from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.model.errors import InvalidRecord, InvalidSetting, StoreUnavailable


def call(*words: str) -> int:
    try:
        return cli.main(words)
    except SystemExit as end:
        return int(end.code or 0)


def test_help_names_every_command_and_how_to_begin(capsys):
    assert call("--help") == 0
    shown = capsys.readouterr().out
    for name, entry in cli.COMMANDS.items():
        assert name in shown
        assert entry.help in shown
    assert "dnsd run --service web" in shown


def test_version(capsys):
    assert call("--version") == 0
    assert capsys.readouterr().out == f"dnsd {__version__}\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_table_says_what_the_module_says(name):
    assert cli.COMMANDS[name].help == cli._module(name).HELP


@pytest.mark.parametrize("name", ["register", "deregister", "list", "apply", "drain", "watch", "run"])
def test_the_help_of_a_command_teaches_it_by_an_example(name, capsys):
    assert call(name, "--help") == 0
    shown = capsys.readouterr().out
    assert "example" in shown
    assert f"  dnsd {name}" in shown
    assert "DNSD_SERVER" in shown


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "dnsd: the following arguments are required: COMMAND (see dnsd --help)"),
        (("bogus",), "dnsd: argument COMMAND: invalid choice: 'bogus'"),
        (("list", "--bogus"), "dnsd: unrecognized arguments: --bogus"),
        (("list", "everything"), "dnsd list: argument kind: invalid choice: 'everything'"),
        (("register",), "dnsd register: the following arguments are required: --service"),
        (("register", "--serv", "web"), "dnsd register: the following arguments are required: --service"),
        (("run", "--service", "web"), "dnsd run: the following arguments are required: COMMAND"),
        (("apply",), "dnsd apply: the following arguments are required: -f/--filename"),
        (
            ("register", "--service", "web", "--port", "http"),
            "dnsd register: argument --port: 'http' is not NAME=NUMBER",
        ),
    ],
)
def test_a_wrong_call_is_one_line_and_status_2(words, line, capsys):
    assert call(*words) == 2
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (CommandFailed("it\nbroke"), 1),
        (WrongCall("it broke"), 2),
        (InvalidSetting("it broke"), 2),
        (StoreUnavailable("read-only", "it broke"), 1),
        (InvalidRecord(), 1),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"), 2),
        (UnicodeEncodeError("latin-1", "\u2014", 0, 1, "ordinal not in range(256)"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_failures_become_a_status_and_at_most_one_line(failure, status, capsys, monkeypatch):
    def fail(_: object) -> int:
        raise failure

    monkeypatch.setattr("dnsd.cli.listing.execute", fail)
    assert call("list") == status
    assert capsys.readouterr().err.count("\n") == (0 if status == 130 else 1)


def test_an_interrupt_while_a_command_is_still_loaded_ends_it_quietly(capsys, monkeypatch):
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dnsd.cli.listing.add_arguments", interrupted)
    assert call("list") == 130
    assert capsys.readouterr().err == ""


def run_python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=30)


def test_help_is_quick_because_it_imports_nothing_heavy():
    seen = run_python("-X", "importtime", "-m", "dnsd", "--help")
    assert seen.returncode == 0
    for heavy in ("aiohttp", "pydantic", "yaml", "redis", "dnslib", "asyncio"):
        assert not re.search(rf"\| +{heavy}\n", seen.stderr), f"dnsd --help imports {heavy}"
    assert re.search(r"\| +dnsd\.cli\.main\n", seen.stderr)


def test_a_reader_that_leaves_ends_the_command_quietly():
    program = "import sys; from dnsd.cli import main, listing\n"
    program += "listing.execute = lambda _: print('x' * 1_000_000) or 0\nsys.exit(main.main(['list']))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.read(10)
        started.stdout.close()
        assert started.wait(30) == 141
        assert started.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_output_that_has_no_room_is_one_line():
    program = "import sys; from dnsd.cli import main, listing\n"
    program += "listing.execute = lambda _: print('x') or 0\nsys.exit(main.main(['list']))"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=30
        )
    assert (done.returncode, done.stderr) == (1, "dnsd list: [Errno 28] No space left on device\n")
