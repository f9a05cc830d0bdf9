"""Reads the fields of a manifest by type, and collects what is wrong with them instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from dnsd.codec.manifest_text import Block
from dnsd.codec.reading import Refusal
from dnsd.model.errors import Fault, InvalidRecord

FAULTS_MOST = 1000
NOTES_MOST = 100

Made = TypeVar("Made")


@dataclass(slots=True)
class Findings:
    """What a text's reading found beside its objects: at most 1,000 faults and 100 notes, more are counted."""

    faults: dict[Fault, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults_left_out: int = 0
    notes_left_out: int = 0
    refusal: Refusal | None = None

    def fault(self, fault: Fault) -> None:
        """One more fault; the same one, met by another way, counts once."""
        if len(self.faults) < FAULTS_MOST:
            self.faults[fault] = None
        else:
            self.faults_left_out += 1

    def note(self, text: str) -> None:
        """One more note."""
        if len(self.notes) < NOTES_MOST:
            self.notes.append(text)
        else:
            self.notes_left_out += 1

    def raise_any(self) -> None:
        """InvalidRecord with all faults, when there are any."""
        if self.faults_left_out:
            self.faults[Fault("/documents", f"{self.faults_left_out} more faults are not shown")] = None
        if self.faults:
            raise InvalidRecord(*self.faults)

    def all_notes(self) -> tuple[str, ...]:
        """The notes, with a last one for those that were too many."""
        more = (f"{self.notes_left_out} more notes are not shown",) if self.notes_left_out else ()
        return (*self.notes, *more)


@dataclass(frozen=True, slots=True)
class Subject:
    """The object whose fields are read: how people call it (``Service shop/web``), and where faults go."""

    title: str
    document: int
    findings: Findings

    def fault(self, pointer: str, reason: str, line: int = 0) -> None:
        """Something wrong at ``pointer``."""
        where = f"{self.title}, line {line}" if line else self.title
        self.findings.fault(Fault(pointer, f"{reason} ({where})"))

    def check_address(self, pointer: str, address: str, line: int) -> None:
        """A fault when this address, in canonical text, may not be registered."""
        if self.findings.refusal is not None and (why := self.findings.refusal(address)):
            self.fault(pointer, why, line)

    def note(self, text: str) -> None:
        """Something that people should know, such as why the object is skipped."""
        self.findings.note(f"document {self.document}: {self.title} {text}")

    def make(self, build: Callable[[], Made], relocate: Callable[[str], str | None], line: int) -> Made | None:
        """What ``build`` builds; None when the model refuses it.

        The model's pointers are turned into the manifest's by ``relocate``; None drops a fault that is said elsewhere.
        """
        try:
            return build()
        except InvalidRecord as refusal:
            for fault in refusal.faults:
                pointer = relocate(fault.pointer)
                if pointer is not None:
                    self.fault(pointer, fault.reason, line)
            return None


class Fields:
    """A mapping of the manifest, read by name and type. Absent and null are the same, as they are to Kubernetes."""

    __slots__ = ("_block", "line", "pointer", "subject")

    def __init__(self, block: Mapping[str, object], pointer: str, subject: Subject, line: int = 0) -> None:
        self._block = block
        self.pointer = pointer
        self.subject = subject
        self.line = block.line if isinstance(block, Block) else line

    def at(self, name: str) -> str:
        """The JSON pointer of a field."""
        return f"{self.pointer}/{escaped(name)}"

    def fault(self, name: str, reason: str) -> None:
        """Something wrong with a field."""
        self.subject.fault(self.at(name), reason, self.line)

    def fault_here(self, reason: str) -> None:
        """Something wrong with the mapping as a whole."""
        self.subject.fault(self.pointer, reason, self.line)

    def names(self) -> list[str]:
        """The names of all fields."""
        return list(self._block)

    def given(self, name: str) -> object:
        """The field as it stands, None when absent."""
        return self._block.get(name)

    def text(self, name: str, default: str = "") -> str:
        """A text field."""
        value = self._block.get(name)
        if isinstance(value, str):
            return value
        if value is not None:
            self.fault(name, f"must be text, not {_shown(value)}{_quoting_hint(value)}")
        return default

    def number(self, name: str) -> int | None:
        """A whole number; None when absent or wrong."""
        value = self._block.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is not None:
            self.fault(name, f"must be a whole number, not {_shown(value)}")
        return None

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._block.get(name)
        if isinstance(value, bool):
            return value
        if value is not None:
            self.fault(name, f"must be true or false, not {_shown(value)}")
        return default

    def fields(self, name: str) -> Fields:
        """A mapping below this one, empty when absent."""
        value = self._block.get(name)
        if value is not None and not isinstance(value, dict):
            self.fault(name, f"must be a mapping, not {_shown(value)}")
        return Fields(value if isinstance(value, dict) else {}, self.at(name), self.subject, self.line)

    def items(self, name: str) -> list[object]:
        """A list, empty when absent."""
        value = self._block.get(name)
        if value is None or isinstance(value, list):
            return value or []
        self.fault(name, f"must be a list, not {_shown(value)}")
        return []

    def each(self, name: str) -> Iterator[Fields]:
        """The mappings of a list."""
        for index, value in enumerate(self.items(name)):
            pointer = f"{self.at(name)}/{index}"
            if isinstance(value, dict):
                yield Fields(value, pointer, self.subject, self.line)
            else:
                self.subject.fault(pointer, f"must be a mapping, not {_shown(value)}", self.line)

    def texts(self, name: str) -> list[tuple[str, str]]:
        """The texts of a list, each with its pointer."""
        found = []
        for index, value in enumerate(self.items(name)):
            pointer = f"{self.at(name)}/{index}"
            if isinstance(value, str):
                found.append((pointer, value))
            else:
                self.subject.fault(pointer, f"must be text, not {_shown(value)}{_quoting_hint(value)}", self.line)
        return found

    def text_map(self) -> dict[str, str]:
        """All fields, each of which must be text; null is the empty text."""
        return {name: self.text(name) for name in self._block}


Places = Mapping[str, str | Sequence[str]]
"""Where the manifest has what a model's field was made of: a pointer, or one for each item of a list."""

_FIELD_NAMES = {"target_port": "targetPort"}


def relocated(pointer: str, places: Places) -> str | None:
    """The manifest's pointer for a model's, such as ``/spec/ports/0/port``; None when its field has no place."""
    field_name, *rest = pointer.split("/")[1:]
    place = places.get(field_name)
    if place is None:
        return None
    if not isinstance(place, str):
        place = place[int(rest.pop(0))]
    return "/".join((place, *(_FIELD_NAMES.get(step, step) for step in rest)))


def escaped(name: str) -> str:
    """A name as one step of a JSON pointer (RFC 6901 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)[:80]


def _quoting_hint(value: object) -> str:
    return "; put it in quotes" if isinstance(value, bool | int | float) else ""
