"""Files that hold secrets: read only when others can neither read nor change them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from dnsd.model.errors import InvalidSetting

_OTHERS_MAY = stat.S_IWGRP | stat.S_IRWXO
_FILE_OCTETS_MOST = 1 << 16


def read_private(setting: str, path: str) -> str:
    """The text of a file that ``setting`` names. Raises InvalidSetting when it cannot be read, or others may."""
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_FILE_OCTETS_MOST).decode("utf-8", "replace")
    except OSError as fault:
        raise InvalidSetting(f"{setting}: {path!r} cannot be read: {fault.strerror}") from None
    if mode & _OTHERS_MAY:
        raise InvalidSetting(f"{setting}: {path!r} holds secrets, and others can read or change it: chmod 640 or 600")
    return text
