"""What comes in by stdin, where a file's name is ``-``."""

from __future__ import annotations

import sys

from dnsd.cli.failures import WrongCall

STANDARD_INPUT = "-"


def standard_input() -> bytes:
    """All of it. Raises WrongCall where it is closed, as by the shell's ``<&-`` and under some supervisors."""
    if sys.stdin is None:
        raise WrongCall(f"-f {STANDARD_INPUT}: stdin is closed; give a file or a pipe")
    return sys.stdin.buffer.read()
