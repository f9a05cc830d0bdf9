"""How parent and child talk while both live: JSON lines over a socket pair. Its end is the other one's end."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from typing import Any

from dnsd.runtime.supervise import Lines

_log = logging.getLogger("dnsd.app")

Message = dict[str, Any]

EXIT_FATAL = 70
"""A child that ends with this is not started again: it has said why, and the whole replica ends."""


class Channel:
    """One end; owns its descriptor. ``on_message`` gets each message, ``on_end`` is called when the other is gone.

    A child says ``{"says": "beat"}``, ``ready`` (with ``note``), ``reloaded`` (with ``note``), ``fatal`` (with ``text``
    and ``is_setting``); a parent says ``reload``, ``stop`` (with ``lame_duck_seconds``).
    """

    def __init__(
        self, descriptor: int, on_message: Callable[[Message], None], on_end: Callable[[], None] = lambda: None
    ) -> None:
        self._descriptor = descriptor
        self._on_message = on_message
        self._lines = Lines(descriptor, self._take, on_end)

    def say(self, says: str, **more: object) -> None:
        """Tell the other end. What it cannot take is dropped: then it hangs or is gone, and others see to that."""
        if not self._lines.is_open:
            return
        line = json.dumps({"says": says, **more}) + "\n"
        try:
            os.write(self._descriptor, line.encode())
        except OSError as fault:
            _log.debug("%s could not be told: %s", says, fault)

    def drain(self) -> None:
        """Take what the other end has said already, such as the last words of a child that has ended."""
        self._lines.drain()

    def close(self) -> None:
        """Say and hear no more."""
        self._lines.close()

    def _take(self, line: str) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            _log.error("the channel to a child carries %r", line[:80])
            return
        self._on_message(message)
