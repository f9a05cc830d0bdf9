"""Label selectors as Kubernetes writes them: ``app=web``, ``app!=web``, ``app in (web,api)``, ``app notin (web)``,
``app``, ``!app``; several, with commas between them, must all hold.

As in Kubernetes, ``!=`` and ``notin`` hold for what has no such label at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

OCTETS_MOST = 1024
_KEY = r"[^\s=!,()]+"
_VALUE = r"(?:[^\s,()](?:[^,()]*[^\s,()])?)?"
_VALUES = rf"\(\s*{_VALUE}\s*(?:,\s*{_VALUE}\s*)*\)"
_REQUIREMENT = rf"\s*(?:!\s*{_KEY}|{_KEY}\s*(?:==|!=|=)\s*{_VALUE}|{_KEY}\s+(?:in|notin)\s*{_VALUES}|{_KEY})\s*"
PATTERN = rf"^{_REQUIREMENT}(?:,{_REQUIREMENT})*$"
_WHOLE = re.compile(PATTERN)
_PARTS = re.compile(
    rf"\s*(?:!\s*(?P<absent>{_KEY})|(?P<key>{_KEY})(?:\s*(?P<sign>==|!=|=)\s*(?P<value>{_VALUE})"
    rf"|\s+(?P<word>in|notin)\s*(?P<values>{_VALUES}))?)\s*(?:,|$)"
)

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
    """The requirements of ``text``. ValueError when it is no selector."""
    if len(text) > OCTETS_MOST or not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r:.100} is no label selector: write k=v, k!=v, k in (a,b), k notin (a,b), k or !k")
    return tuple(_requirement(found) for found in _PARTS.finditer(text))


def _requirement(found: re.Match[str]) -> Requirement:
    if found["absent"]:
        return Requirement(found["absent"], "absent")
    if found["sign"]:
        return Requirement(found["key"], "notin" if found["sign"] == "!=" else "in", frozenset((found["value"],)))
    if found["word"]:
        values = frozenset(value.strip() for value in found["values"][1:-1].split(","))
        return Requirement(found["key"], "in" if found["word"] == "in" else "notin", values)
    return Requirement(found["key"], "exists")
