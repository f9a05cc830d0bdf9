"""``dnsd completion``: what a shell needs to complete commands and flags, made from the commands themselves."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from dnsd.cli import grammar

HELP = "print completion for bash, zsh or fish"

EPILOG = """\
examples:

  dnsd completion bash > /etc/bash_completion.d/dnsd
  dnsd completion zsh > "${fpath[1]}/_dnsd"
  dnsd completion fish > ~/.config/fish/completions/dnsd.fish
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("shell", choices=sorted(_SCRIPTS), help="the shell")


def execute(arguments: argparse.Namespace) -> int:
    """Print the script."""
    print(_SCRIPTS[arguments.shell](grammar.commands()), end="")
    return 0


def _bash(commands: Mapping[str, grammar.Command]) -> str:
    cases = "".join(f"        {name}) words='{' '.join(command.flags)}' ;;\n" for name, command in commands.items())
    return (
        "_dnsd() {\n"
        "    local words\n"
        '    if [ "$COMP_CWORD" -le 1 ]; then\n'
        f"        words='{' '.join(commands)}'\n"
        '    else case "${COMP_WORDS[1]}" in\n'
        f"{cases}"
        "    esac; fi\n"
        '    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))\n'
        "}\n"
        "complete -o default -F _dnsd dnsd\n"
    )


def _zsh(commands: Mapping[str, grammar.Command]) -> str:
    names = "".join(f"        {_quoted(f'{name}:{command.help}')}\n" for name, command in commands.items())
    cases = "".join(f"        {name}) compadd -- {' '.join(each.flags)} ;;\n" for name, each in commands.items())
    return (
        "#compdef dnsd\n"
        "_dnsd() {\n"
        "    local -a names\n"
        f"    names=(\n{names}    )\n"
        "    if (( CURRENT == 2 )); then _describe command names; return; fi\n"
        '    if [[ "$words[CURRENT]" != -* ]]; then _files; return; fi\n'
        f'    case "$words[2]" in\n{cases}    esac\n'
        "}\n"
        'if [ "$funcstack[1]" = _dnsd ]; then _dnsd "$@"; else compdef _dnsd dnsd; fi\n'
    )


def _fish(commands: Mapping[str, grammar.Command]) -> str:
    lines = []
    for name, command in commands.items():
        lines.append(f"complete -c dnsd -n __fish_use_subcommand -a {name} -d {_quoted(command.help)}")
        for flag in command.flags:
            kind = "-l" if flag.startswith("--") else "-s"
            lines.append(
                f"complete -c dnsd -n '__fish_seen_subcommand_from {name}' {kind} {flag.lstrip('-')}"
                f" -d {_quoted(command.flags[flag])}"
            )
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """In single quotes, as all three shells read it."""
    return "'" + text.replace("'", "") + "'"


_SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
