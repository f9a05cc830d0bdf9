"""One setting: name, kind, default, meaning. Flag, environment variable and TOML key follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dnsd.config.kinds import Kind, Raw

REPEATS_MOST = 64


@dataclass(frozen=True, slots=True)
class Option:
    """One setting. ``default`` is a value as TOML would give it (a tuple when the setting is a list), or None.

    ``stands_for``: what None means, for people. ``example``: a value to show where there is no default.
    """

    name: str
    kind: Kind
    default: Raw | tuple[str, ...] | None
    meaning: str
    is_list: bool = False
    stands_for: str = ""
    example: Raw | tuple[str, ...] | None = None

    @property
    def flag(self) -> str:
        """As on the command line: ``--lame-duck-seconds``."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """As in the environment: ``DNSD_LAME_DUCK_SECONDS``."""
        return "DNSD_" + self.name.upper()

    def read(self, raw: object) -> Any:
        """The value of what a flag, the environment or TOML gave; ValueError says what is right."""
        if self.is_list:
            return self._read_list(raw)
        if not isinstance(raw, str | int | float | bool):
            raise ValueError("one value is needed, not a list or a table")  # noqa: TRY004
        return self.kind.read(raw)

    def _read_list(self, raw: object) -> tuple[Any, ...]:
        items = raw.split(",") if isinstance(raw, str) else raw
        if not isinstance(items, list | tuple) or not 1 <= len(items) <= REPEATS_MOST:
            raise ValueError(f"a list of 1 to {REPEATS_MOST} values is needed")
        values = tuple(self.kind.read(item) for item in items)
        if len(set(values)) != len(values):
            raise ValueError("it names one value twice")
        return values


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together, in the order of the help and of ``systemd/dnsd.toml``."""

    title: str
    options: tuple[Option, ...]
