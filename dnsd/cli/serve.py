"""``dnsd serve``: one replica, in the foreground, until it is told to leave."""

from __future__ import annotations

import argparse
import os

from dnsd.app.serve import serve
from dnsd.cli.output import forget_stdout
from dnsd.config import add_flags, load

HELP = "answer DNS and take registrations"
DESCRIPTION = """\
Answers DNS out of the registry and of zone files, and serves the admin API.

A setting comes from its flag, else from its environment variable, else from the file that --config names,
else it has the default in brackets. SIGHUP reads the zone files again; SIGTERM ends in order, twice at once.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Every setting, with its default and its environment variable."""
    parser.description = DESCRIPTION
    add_flags(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Serve until a signal. Raises InvalidSetting, and other DnsdErrors when it cannot go on."""
    return serve(load(arguments, os.environ), os.environ, _show)


def _show(line: str) -> None:
    try:
        print(line, flush=True)
    except UnicodeEncodeError:
        _show(line.encode("ascii", "replace").decode())  # a locale without the dash
    except OSError:
        # Who started us does not listen, or has no room for it; that is no reason not to serve.
        forget_stdout()
