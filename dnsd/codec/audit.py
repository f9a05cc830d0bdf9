"""Who asked for a write, as the store keeps it beside what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

TEXT_MOST = 256
PLACES_KEPT = 1024


@dataclass(frozen=True, slots=True)
class Author:
    """``who``: a name that says how it was proved; ``address``: from where; ``replica``: whom it asked; ``at``: Unix
    seconds.
    """

    who: str
    address: str
    replica: str
    at: float


def author_to_text(author: Author | None) -> str:
    """As it is stored, each text cut; "" for nobody."""
    if author is None:
        return ""
    return f'{_place_text(author.who, author.address, author.replica)},"at":{round(author.at, 3)!r}}}'


@lru_cache(maxsize=PLACES_KEPT)
def _place_text(who: str, address: str, replica: str) -> str:
    """All but the time, up to its comma: most writes come from few places."""
    told = {"who": who[:TEXT_MOST], "from": address[:TEXT_MOST], "replica": replica[:TEXT_MOST]}
    return json.dumps(told, separators=(",", ":")).removesuffix("}")


def entry_document(identifier: str, fields: Mapping[str, str]) -> dict[str, object]:
    """An entry of the audit as it is shown; what a stranger wrote there shows as far as it makes sense."""
    try:
        told: Any = json.loads(fields.get("by", ""))
    except ValueError:
        told = None
    by = told if isinstance(told, dict) else {}
    at = by.get("at")
    revision = fields.get("revision", "")
    return {
        "id": identifier,
        "at": at if isinstance(at, int | float) else None,
        **{name: str(by.get(name, "")) for name in ("who", "from", "replica")},
        "what": fields.get("what", ""),
        "revision": int(revision) if revision.isdecimal() else None,
    }
