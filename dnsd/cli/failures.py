"""How a command fails: with one line for people and an exit status for programs."""

from __future__ import annotations

from dnsd.model.errors import DnsdError

FAILED = 1
WRONG_CALL = 2
INTERRUPTED = 130
PIPE_CLOSED = 141


class CommandFailed(DnsdError):
    """The command could not do its work; the text is the one line that says why."""

    status = FAILED


class WrongCall(CommandFailed):
    """The command was called wrongly: nothing was tried."""

    status = WRONG_CALL
