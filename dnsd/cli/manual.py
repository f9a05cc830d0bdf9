"""``dnsd manual``: man pages, made of the help of each command."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from dnsd import __version__
from dnsd.cli import grammar
from dnsd.cli.failures import WrongCall
from dnsd.cli.main import EPILOG as OVERVIEW

HELP = "write the man pages"

EPILOG = """\
example:

  dnsd manual /usr/local/share/man/man1 && man dnsd-run
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("folder", metavar="DIR", help="where dnsd.1, dnsd-serve.1 and the others are written")


def execute(arguments: argparse.Namespace) -> int:
    """Write a page for each command, and one for all of them."""
    folder = Path(arguments.folder)
    commands = grammar.commands()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dnsd.1").write_text("\n".join(_overview(commands)) + "\n", "utf-8")
        for name, command in commands.items():
            (folder / f"dnsd-{name}.1").write_text("\n".join(_page(name, command)) + "\n", "utf-8")
    except OSError as fault:
        raise WrongCall(f"{folder}: {fault.strerror}") from None
    print(f"{len(commands) + 1} pages in {folder}")
    return 0


def _overview(commands: dict[str, grammar.Command]) -> Iterator[str]:
    yield from _head("dnsd", "DNS for service discovery")
    yield from (".SH SYNOPSIS", r"\fBdnsd\fR \fICOMMAND\fR ...", ".SH COMMANDS")
    for name, command in commands.items():
        yield from (".TP", rf"\fBdnsd\-{_escaped(name)}\fR(1)", _escaped(command.help))
    yield from _text("EXAMPLES", OVERVIEW)


def _page(name: str, command: grammar.Command) -> Iterator[str]:
    yield from _head(f"dnsd-{name}", command.help)
    usage = " ".join(command.parser.format_usage().removeprefix("usage: ").split())
    yield from (".SH SYNOPSIS", _escaped(usage), ".SH OPTIONS")
    for action in command.parser._actions:
        if action.help == argparse.SUPPRESS:
            continue
        metavar = action.metavar if isinstance(action.metavar, str) else ""
        names = ", ".join(action.option_strings) or metavar or action.dest
        value = f" {metavar}" if action.option_strings and metavar else ""
        yield from (".TP", rf"\fB{_escaped(names)}\fR{_escaped(value)}", _escaped(grammar.help_of(action)))
    if command.parser.epilog:
        yield from _text("NOTES", command.parser.epilog)
    yield from (".SH SEE ALSO", r"\fBdnsd\fR(1)")


def _head(title: str, what: str) -> Iterator[str]:
    yield f'.TH "{title.upper()}" "1" "" "dnsd {__version__}"'
    yield ".ad l"
    yield from (".SH NAME", rf"{_escaped(title)} \- {_escaped(what)}")


def _text(title: str, text: str) -> Iterator[str]:
    yield from (f".SH {title}", ".nf", *(_escaped(line) for line in text.splitlines()), ".fi")


def _escaped(text: str) -> str:
    """Text that roff takes as it is: backslashes, dashes, and dots and quotes at the start of a line. A list without
    spaces may be broken behind its commas.
    """
    escaped = re.sub(r",(?=\S)", r",\\:", text.replace("\\", r"\e").replace("-", r"\-"))
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
