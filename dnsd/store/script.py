"""The scripts: text files beside this one, each run behind the same prelude."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Literal

Name = Literal["open", "write", "renew", "tick", "reap", "touch", "access"]


class Script:
    """One script: its whole text, and the hash under which a server that saw it runs it again."""

    def __init__(self, name: Name) -> None:
        folder = resources.files("dnsd.store") / "scripts"
        self.name = name
        self.text = "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in ("prelude", name))
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
