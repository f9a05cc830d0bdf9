"""Who goes first on a core: every server as dnsd's unit starts it, and whoever takes the time before all of them."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_UNIT = Path(__file__).parents[2] / "systemd" / "dnsd.service"
_SERVER = "nice", "-n", re.findall(r"^Nice=(\S+)$", _UNIT.read_text(), re.MULTILINE)[0]
"""Rivals get the same, so that it is no advantage."""
_CLIENT = "chrt", "-f", "1"
"""Real time: what a client that measures waits for a core of its own would be counted as the server's."""


def as_server(command: Sequence[str]) -> list[str]:
    """The command at the niceness of dnsd's unit, where we may give it."""
    return [*_permitted(_SERVER), *command]


def as_client(command: Sequence[str]) -> list[str]:
    """The command before all others on its core, where we may put it there."""
    return [*_permitted(_CLIENT), *command]


def told() -> str:
    """What was permitted, for the document."""
    server = "niceness -5" if _permitted(_SERVER) else "the niceness of everybody (no better one is permitted)"
    client = "in real time" if _permitted(_CLIENT) else "as everybody (no better turn is permitted)"
    return f"servers at {server}; dnsperf, where latency is taken, {client}"


@cache
def _permitted(words: tuple[str, ...]) -> tuple[str, ...]:
    if shutil.which(words[0]) is None:
        return ()
    tried = subprocess.run([*words, "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    # nice(1) goes on with a complaint where it may not.
    return words if tried.returncode == 0 and not tried.stderr else ()
