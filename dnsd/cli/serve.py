"""``dnsd serve``: one replica, in the foreground, until it is told to leave."""

from __future__ import annotations

import argparse
import os
import sys

from dnsd.app.life import Fatal
from dnsd.app.serve import serve
from dnsd.config import add_flags, load
from dnsd.model.errors import InvalidSetting, StoreUnavailable

HELP = "serve DNS and the admin API"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Every setting, with its default and its environment variable."""
    parser.description = (
        "Serves DNS out of the registry and of zone files, and the admin API. A setting comes from its flag, else from "
        "its environment variable, else from the file, else it has the default in brackets."
    )
    add_flags(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Serve; returns 0 after an orderly end, 2 when a setting is wrong, 1 otherwise."""
    try:
        return serve(load(arguments, os.environ), os.environ, _show)
    except InvalidSetting as fault:
        return _refuse(fault, 2)
    except Fatal as fault:
        return _refuse(fault, fault.status)
    except StoreUnavailable as fault:
        return _refuse(fault, 1)


def _show(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:  # who started us does not listen; that is no reason not to serve
        sys.stdout = None


def _refuse(fault: Exception, status: int) -> int:
    print(f"dnsd serve: {' '.join(str(fault).split())}", file=sys.stderr)
    return status
