"""What a replica says of itself in the store, as one line: how far it is, what it holds, and when it said so."""

from __future__ import annotations

from typing import NamedTuple

_UNTOLD = "-"


class Report(NamedTuple):
    """One replica applied everything up to ``revision``; ``tick``: the store's when it said so.

    ``digest``: of all that it held at that revision, "" when it did not know.
    """

    revision: int
    tick: int
    digest: str = ""


def report_to_text(report: Report) -> str:
    """The line; the tick stands last, where ``reap.lua`` looks for it."""
    return f"{report.revision} {report.digest or _UNTOLD} {report.tick}"


def report_of(text: str) -> Report | None:
    """What a line says; None for one that dnsd did not write."""
    match text.split(" "):
        case [revision, digest, tick] if _is_number(revision) and _is_number(tick):
            return Report(int(revision), int(tick), "" if digest == _UNTOLD else digest)
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
