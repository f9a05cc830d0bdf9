"""The ``dnsd`` command: one table of sub-commands, each in its own module, imported only when it is named.

To add a command: a module beside this one with ``HELP``, ``add_arguments`` and ``execute``, and a line in ``COMMANDS``.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from dnsd import __version__
from dnsd.cli.failures import FAILED, INTERRUPTED, PIPE_CLOSED, WRONG_CALL, CommandFailed, WrongCall
from dnsd.cli.output import forget_stdout
from dnsd.model.errors import DnsdError, InvalidSetting

_SHOWN = 30
"""Characters of a text that are shown on either side of what is wrong in it."""


class Entry(NamedTuple):
    """A sub-command: where its module is, and its one-line help, which is the module's ``HELP``."""

    module: str
    help: str


COMMANDS = {
    "serve": Entry("serve", "answer DNS and take registrations"),
    "register": Entry("register", "register an endpoint of a service"),
    "deregister": Entry("deregister", "remove an endpoint, or a whole service"),
    "list": Entry("listing", "show services or endpoints"),
    "apply": Entry("apply", "register what Kubernetes manifests say"),
    "drain": Entry("drain", "take an endpoint out of the answers before it stops"),
    "watch": Entry("watch", "show changes of the registry as they happen"),
    "run": Entry("run", "run a program and keep it registered while it lives"),
    "ask": Entry("ask", "ask a DNS server, or zone files, for a name"),
    "backup": Entry("backup", "write the whole registry to a file, an object a line"),
    "restore": Entry("restore", "put back what a backup holds and the registry lacks"),
    "store": Entry("store", "write back what the store has lost, or accept it as it is"),
    "export": Entry("export", "write a zone as a master file, as it is answered"),
    "targets": Entry("targets", "show what is registered as targets for Prometheus"),
    "check": Entry("check", "check a configuration and zone files"),
    "declare": Entry("declare", "declare a service, or replace its declaration"),
    "show": Entry("show", "show everything about a service or an endpoint"),
    "edit": Entry("edit", "change weight, priority, readiness or metadata of an endpoint"),
    "replace": Entry("replace", "let a service have exactly these endpoints, in one change"),
    "batch": Entry("batch", "do many writes as one atomic change"),
    "renew": Entry("renew", "renew the leases of endpoints"),
    "status": Entry("status", "show how a replica stands"),
    "doctor": Entry("doctor", "measure service discovery through this machine's own resolver"),
    "token": Entry("token", "make, list and revoke tokens of the admin API"),
    "audit": Entry("audit", "show who wrote what"),
    "completion": Entry("completion", "print completion for bash, zsh or fish"),
    "manual": Entry("manual", "write the man pages"),
}

EPILOG = """\
start a server, register a program with it, and find it:

  dnsd serve
  dnsd run --service web --port http=8080 -- python3 -m http.server 8080
  dig @127.0.0.1 -p 1053 web.default.svc.cluster.local SRV

`dnsd COMMAND --help` explains each command, with an example.
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a call in one line, and where help is."""

    def error(self, message: str) -> NoReturn:
        """Exit 2."""
        self.exit(WRONG_CALL, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; returns its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = next((word for word in words if not word.startswith("-")), "")
    try:
        return _execute(name, _parser(name).parse_args(words))
    except KeyboardInterrupt:  # while the command is still being loaded, too
        return INTERRUPTED


def _parser(named: str) -> Parser:
    """The parser of all commands; only the one that is named has its arguments."""
    parser = Parser(
        prog="dnsd",
        description="DNS for service discovery: register with one call, find by name with any resolver.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"dnsd {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    for name, entry in COMMANDS.items():
        command = commands.add_parser(
            name, help=entry.help, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
        )
        if name == named:
            command.description = f"{entry.help[0].upper()}{entry.help[1:]}."
            _module(name).add_arguments(command)
    return parser


def command_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command alone."""
    parser = Parser(prog=f"dnsd {name}", formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    _module(name).add_arguments(parser)
    return parser


def _module(name: str) -> Any:
    return importlib.import_module(f"dnsd.cli.{COMMANDS[name].module}")


def _execute(name: str, arguments: argparse.Namespace) -> int:
    try:
        status: int = _module(name).execute(arguments)
        print(end="", flush=True)  # here, where a failure is told in one line; does nothing where stdout is closed
    except BrokenPipeError:
        forget_stdout()
        return PIPE_CLOSED
    except OSError as fault:  # the output's disk is full, most likely: what commands read and ask has errors of ours
        forget_stdout()
        return _failed(name, CommandFailed(str(fault)), FAILED)
    except UnicodeError as fault:
        failure = _meaning(fault)
        return _failed(name, failure, failure.status)
    except CommandFailed as failure:
        return _failed(name, failure, failure.status)
    except DnsdError as failure:
        return _failed(name, failure, WRONG_CALL if isinstance(failure, InvalidSetting) else FAILED)
    return status


def _meaning(fault: UnicodeError) -> CommandFailed:
    """A word of the call is no UTF-8, which Python shows as halves of surrogate pairs; or stdout cannot show a text."""
    if isinstance(fault, UnicodeEncodeError) and "\udc80" <= fault.object[fault.start] <= "\udcff":
        return WrongCall(f"{fault.object[max(0, fault.start - _SHOWN) : fault.end + _SHOWN]!r} is not UTF-8")
    return CommandFailed(str(fault))


def _failed(name: str, failure: DnsdError, status: int) -> int:
    line = " ".join(str(failure).split())
    print(f"dnsd {name}: {line}", file=sys.stderr)
    return status
