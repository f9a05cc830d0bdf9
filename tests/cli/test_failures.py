"""How a command fails decides its exit status."""

from dnsd.cli.failures import FAILED, WRONG_CALL, CommandFailed, WrongCall
from dnsd.model.errors import DnsdError


def test_a_wrong_call_is_told_from_a_failure():
    assert (CommandFailed("x").status, WrongCall("x").status) == (FAILED, WRONG_CALL) == (1, 2)
    assert issubclass(WrongCall, CommandFailed)
    assert issubclass(CommandFailed, DnsdError)
