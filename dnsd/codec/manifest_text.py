"""YAML and JSON text into plain documents, within limits: what a stranger sends can neither nest nor multiply for ever.

Invariant: the work is linear in the text. Documents are built from parser events, so nothing here recurses; an alias
shares what it names and is charged for all of it. YAML is read as Kubernetes' tools read it: ``yes`` and ``0o17`` mean
something, dates stay text. JSON documents may follow each other without separators, as kubectl accepts them.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from dnsd.model.errors import Fault, InvalidRecord

NESTING_MOST = 64
ALIASED_NODES_MOST = 100_000
NUMBER_CHARACTERS_MOST = 40

_PARSER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_BYTE_ORDERS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False)
_NUMBER_STARTS = frozenset("-+.0123456789")
_INTEGER = re.compile(r"[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+|0|[1-9][0-9]*)")
_OCTAL = re.compile(r"0[0-7]+")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_JSON_BLANK = " \t\r\n"
_NODE_EVENTS = frozenset(
    {
        yaml.ScalarEvent,
        yaml.AliasEvent,
        yaml.MappingStartEvent,
        yaml.MappingEndEvent,
        yaml.SequenceStartEvent,
        yaml.SequenceEndEvent,
    }
)
_WAITING = object()
"""Stands for the key that a mapping still waits for."""


class Block(dict[str, object]):
    """A mapping that knows the line of the text on which it starts, from 1; 0 when it came from JSON."""

    __slots__ = ("line",)
    line: int

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a text: its place, counted from 0, its first line, counted from 1, and its plain value."""

    index: int
    line: int
    value: object


def documents_of(text: str | bytes) -> Iterator[Document]:
    """The documents of a text, in order, empty ones with None.

    Raises InvalidRecord with pointer ``/documents/<n>`` and line and column where the text is not YAML or JSON, nests
    above 64, or multiplies itself by aliases.
    """
    plain = _decoded(text)
    if plain.lstrip(_JSON_BLANK).startswith("{"):
        try:
            yield from list(_json_documents(plain))
        except (ValueError, RecursionError):
            pass
        else:
            return
    yield from _yaml_documents(plain)


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode(_BYTE_ORDERS.get(text[:2], "utf-8-sig"))
    except UnicodeDecodeError as fault:
        raise InvalidRecord(Fault("/documents/0", f"not UTF-8 text: octet {fault.start}: {fault.reason}")) from None


def _json_documents(text: str) -> Iterator[Document]:
    decoder = json.JSONDecoder(object_pairs_hook=_json_block)
    at, index = _past_blank(text, 0), 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield Document(index, 0, value)
        at, index = _past_blank(text, at), index + 1


def _json_block(pairs: list[tuple[str, object]]) -> Block:
    block = Block()
    block.update(pairs)
    if len(block) != len(pairs):
        raise ValueError("a repeated key; the YAML reader says which and where")
    return block


def _past_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in _JSON_BLANK:
        at += 1
    return at


def _yaml_documents(text: str) -> Iterator[Document]:
    index, tree = 0, _Tree()
    try:
        for event in yaml.parse(text, Loader=_PARSER):
            if isinstance(event, yaml.DocumentEndEvent):
                yield Document(index, tree.line, tree.root)
                index, tree = index + 1, _Tree(tree.aliased)
            elif type(event) in _NODE_EVENTS:
                tree.take(event)
    except yaml.MarkedYAMLError as fault:
        raise InvalidRecord(Fault(f"/documents/{index}", _syntax_reason(fault))) from None
    except yaml.YAMLError as fault:
        raise InvalidRecord(Fault(f"/documents/{index}", " ".join(str(fault).split()))) from None


def _syntax_reason(fault: yaml.MarkedYAMLError) -> str:
    mark = fault.problem_mark or fault.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    begun = f" begun on line {fault.context_mark.line + 1}" if fault.context_mark and fault.context_mark != mark else ""
    context = f" ({fault.context}{begun})" if fault.problem and fault.context else ""
    return f"{where}{fault.problem or fault.context}{context}"


class _Open:
    """A collection whose end has not been seen: its value, the key that waits for a value, and its size in nodes."""

    __slots__ = ("anchor", "key", "merged", "nodes", "value")

    def __init__(self, value: Block | list[object], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: object = _WAITING
        self.merged: list[object] = []
        self.nodes = 1


class _Tree:
    """The value of one document, grown event by event."""

    def __init__(self, aliased: int = 0) -> None:
        self.root: object = None
        self.line = 0
        self.aliased = aliased
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[object, int]] = {}

    def take(self, event: Any) -> None:
        """The next node or end of a collection."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._begin(event, Block(event.start_mark.line + 1))
        elif kind is yaml.SequenceStartEvent:
            self._begin(event, [])
        elif kind is yaml.AliasEvent:
            self._alias(event)
        else:
            self._end()
        if not self.line:
            self.line = event.start_mark.line + 1

    def _scalar(self, event: Any) -> None:
        inside = self._open[-1] if self._open else None
        is_key = inside is not None and inside.key is _WAITING and type(inside.value) is Block
        value = event.value if is_key else _scalar_value(event)
        if is_key and value == "<<" and event.implicit[0] and inside is not None:
            inside.key = inside.merged
            return
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._place(value, 1, event)

    def _begin(self, event: Any, value: Block | list[object]) -> None:
        if len(self._open) == NESTING_MOST:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {NESTING_MOST}", problem_mark=event.start_mark)
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._place(value, 0, event)
        self._open.append(_Open(value, event.anchor))

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            problem = f"alias *{event.anchor} names nothing complete before it"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        value, nodes = known
        self.aliased += nodes
        if self.aliased > ALIASED_NODES_MOST:
            problem = f"aliases multiply the text to more than {ALIASED_NODES_MOST} values"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        self._place(value, nodes, event)

    def _end(self) -> None:
        closed = self._open.pop()
        if closed.merged:
            _merge(closed)
        if closed.anchor:
            self._anchors[closed.anchor] = (closed.value, closed.nodes)
        if self._open:
            self._open[-1].nodes += closed.nodes

    def _place(self, value: object, nodes: int, event: Any) -> None:
        """Put a value where the innermost open collection has its next place."""
        if not self._open:
            self.root = value
            return
        inside = self._open[-1]
        inside.nodes += nodes
        if type(inside.value) is list:
            inside.value.append(value)
        elif inside.key is _WAITING:
            inside.key = self._checked_key(value, inside, event)
        elif inside.key is inside.merged:
            inside.merged.append(value)
            inside.key = _WAITING
        else:
            inside.value[inside.key] = value  # type: ignore[call-overload, index]
            inside.key = _WAITING

    def _checked_key(self, key: object, inside: _Open, event: Any) -> str:
        if not isinstance(key, str):
            raise yaml.MarkedYAMLError(problem="a key must be text", problem_mark=event.start_mark)
        if key in inside.value:
            problem = f"key {key!r} stands twice in one mapping"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        return key


def _merge(closed: _Open) -> None:
    """Fill in what ``<<`` names: earlier mappings win, the mapping's own keys win over all (YAML 1.1 merge key)."""
    for source in closed.merged:
        for mapping in source if isinstance(source, list) else (source,):
            if not isinstance(mapping, dict):
                raise yaml.YAMLError("<< must name a mapping or a list of mappings")
            for key, value in mapping.items():
                closed.value.setdefault(key, value)  # type: ignore[union-attr]


def _scalar_value(event: Any) -> object:
    """What a scalar means: quoted ones are text, plain ones are resolved, of tags only the plain ones are known."""
    if event.implicit[0]:
        return _plain_value(event.value)
    tag = event.tag
    if tag is None or tag in ("!", _TAG + "str", _TAG + "timestamp") or event.implicit[1]:
        return event.value
    if tag in (_TAG + "int", _TAG + "float", _TAG + "bool", _TAG + "null"):
        return _plain_value(event.value)
    raise yaml.MarkedYAMLError(problem=f"tag {tag} is not known here", problem_mark=event.start_mark)


def _plain_value(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS or len(text) > NUMBER_CHARACTERS_MOST:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0)
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    return float(text) if _FLOAT.fullmatch(text) else text
