"""All commands with their flags, as their parsers have them: completion and manual pages are made of this."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import NamedTuple

from dnsd.cli import main


class Command(NamedTuple):
    """A command: its line of help, its flags with theirs, and its parser."""

    help: str
    flags: Mapping[str, str]
    parser: argparse.ArgumentParser


def commands() -> dict[str, Command]:
    """Every command by its name."""
    return {name: _command(name) for name in main.COMMANDS}


def _command(name: str) -> Command:
    parser = main.command_parser(name)
    flags = {
        flag: help_of(action)
        for action in parser._actions
        for flag in action.option_strings
        if action.help != argparse.SUPPRESS
    }
    return Command(main.COMMANDS[name].help, flags, parser)


def help_of(action: argparse.Action) -> str:
    """An action's help with its percent signs read."""
    return (action.help or "").replace("%%", "%")
