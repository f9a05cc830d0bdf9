"""Label selectors as Kubernetes writes them: ``app=web``, ``app!=web``, ``app in (web,api)``, ``app notin (web)``,
``app``, ``!app``; several, with commas between them, must all hold.

As in Kubernetes, ``!=`` and ``notin`` hold for what has no such label at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

OCTETS_MOST = 1024
_KEY = r"[^\s=!,()]+"
_VALUE = r"[^\s,()]*"
_VALUES = rf"\({_VALUE}(?:, ?{_VALUE})*\)"
_REQUIREMENT = rf"(?:!{_KEY}|{_KEY} ?(?:==|!=|=) ?{_VALUE}|{_KEY} (?:in|notin) ?{_VALUES}|{_KEY})"
PATTERN = rf"^{_REQUIREMENT}(?:, ?{_REQUIREMENT})*$"
"""For the description: how one writes it. What is read may have more spaces."""
_PIECE = re.compile(r"[^,()]*(?:\([^()]*\))?[^,()]*")
_ABSENT = re.compile(rf"!\s*({_KEY})")
_SIGNED = re.compile(rf"({_KEY})\s*(==|!=|=)([^()]*)")
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_EXISTS = re.compile(_KEY)

Relation = Literal["in", "notin", "exists", "absent"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one label has to be."""

    key: str
    relation: Relation
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """True when these labels are so."""
        match self.relation:
            case "exists":
                return self.key in labels
            case "absent":
                return self.key not in labels
            case "in":
                return labels.get(self.key) in self.values
            case "notin":
                return labels.get(self.key) not in self.values


Selector = tuple[Requirement, ...]
"""All of them must hold; none: everything is selected."""


def selects(selector: Selector, labels: Mapping[str, str]) -> bool:
    """True when these labels are selected."""
    return all(requirement.holds(labels) for requirement in selector)


def selector_from_text(text: str) -> Selector:
    """The requirements of ``text``, in time linear in its length. ValueError when it is no selector."""
    selector = tuple(map(_requirement, _pieces(text))) if len(text) <= OCTETS_MOST else (None,)
    if None in selector:
        raise ValueError(f"{text!r:.100} is no label selector: write k=v, k!=v, k in (a,b), k notin (a,b), k or !k")
    return tuple(filter(None, selector))


def _pieces(text: str) -> Iterator[str]:
    """What stands between the commas that are in no parentheses; after a fault one that is no requirement."""
    at = 0
    while True:
        found = _PIECE.match(text, at)
        assert found is not None  # it matches nothing, too
        yield found[0].strip()
        at = found.end() + 1
        if found.end() == len(text):
            return
        if text[found.end()] != ",":
            yield ""
            return


def _requirement(piece: str) -> Requirement | None:
    if found := _ABSENT.fullmatch(piece):
        return Requirement(found[1], "absent")
    if found := _SIGNED.fullmatch(piece):
        return Requirement(found[1], "notin" if found[2] == "!=" else "in", frozenset((found[3].strip(),)))
    if found := _SET.fullmatch(piece):
        values = frozenset(value.strip() for value in found[3].split(","))
        return Requirement(found[1], "in" if found[2] == "in" else "notin", values)
    return Requirement(piece, "exists") if _EXISTS.fullmatch(piece) else None
