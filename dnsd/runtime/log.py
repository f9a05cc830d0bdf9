"""Logs: plain lines for people, JSON lines for machines; remote text is escaped and cut before it gets here."""

from __future__ import annotations

import json
import logging
import sys
from typing import TextIO

from cachetools import TTLCache

REMOTE_TEXT_MOST = 256
_ONCE_KEYS_MOST = 1024
_ONCE_SECONDS = 60


def set_up(level: str = "info", shape: str = "plain", stream: TextIO | None = None) -> None:
    """Send the whole program's log to ``stream`` (stderr); ``shape`` is ``plain`` or ``json``."""
    out = logging.StreamHandler(stream or sys.stderr)
    out.setFormatter(JsonLines() if shape == "json" else logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level.upper())


def remote(text: str | bytes) -> str:
    """What a stranger sent, safe to print: escaped, at most 256 characters."""
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    escaped = plain[:REMOTE_TEXT_MOST].encode("unicode_escape").decode("ascii")
    return escaped[:REMOTE_TEXT_MOST] + ("…" if len(plain) > REMOTE_TEXT_MOST else "")


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, what was logged as ``extra={"fields": …}``, and the
    traceback where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Once:
    """Lets one line a minute through for each key, of a bounded number of keys: repeats fill no disk."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._seen: TTLCache[str, bool] = TTLCache(_ONCE_KEYS_MOST, _ONCE_SECONDS)

    def warning(self, key: str, message: str, *arguments: object) -> None:
        """Warn, unless ``key`` was warned of within the last minute."""
        if key not in self._seen:
            self._seen[key] = True
            self._logger.warning(message, *arguments)
