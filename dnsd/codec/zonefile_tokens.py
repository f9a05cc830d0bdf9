r"""Master-file text cut into entries of tokens (RFC 1035 5.1): parentheses, quotes, comments, escapes, line numbers.

Invariant: a token's text keeps its escapes (``\.``, ``\032``), so that whoever reads it can tell ``\@`` from ``@``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dnsd.model.errors import InvalidFile
from dnsd.model.names import Name, name_from_text
from dnsd.model.rrset import TTL_SECONDS_MAX

_SCAN = re.compile(
    r"""(?P<blank>[ \t\r\f\v]+)
      | (?P<newline>\n)
      | (?P<comment>;[^\n]*)
      | "(?P<string>(?:[^"\\\n]|\\[^\n])*)"
      | (?P<word>(?:[^\s;()"\\=]+|=(?:"(?:[^"\\\n]|\\[^\n])*")?|\\[^\n])+)
      | (?P<open>\()
      | (?P<close>\))
      | (?P<wrong>.)""",
    re.VERBOSE | re.DOTALL,
)
_SECONDS = re.compile(r"[0-9]{1,10}|(?:[0-9]{1,10}[wdhms])+", re.ASCII | re.IGNORECASE)
_SPAN = re.compile(r"([0-9]+)([wdhms])", re.IGNORECASE)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WRONG = {'"': "a quoted string is not ended on its line", "\\": "a backslash at the end of a line"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word or quoted string, escapes kept, and the line it stands on."""

    text: str
    line: int
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One logical line: its tokens, whether it starts with a blank (owner repeated), and its first line's number."""

    tokens: tuple[Token, ...]
    starts_blank: bool
    line: int


def entries(text: str, path: str) -> Iterator[Entry]:
    """The entries of ``text`` in order, empty ones left out. Raises InvalidFile where the text cannot be cut."""
    line, depth, opened = 1, 0, 1
    tokens: list[Token] = []
    starts_blank, is_first = False, True
    for found in _SCAN.finditer(text):
        kind = found.lastgroup
        if kind == "newline":
            line += 1
            if depth == 0:
                if tokens:
                    yield Entry(tuple(tokens), starts_blank, tokens[0].line)
                    tokens = []
                starts_blank, is_first = False, True
                continue
        elif kind == "word" or kind == "string":
            tokens.append(Token(found[kind], line, kind == "string"))
        elif kind == "blank":
            starts_blank = starts_blank or is_first
        elif kind == "open":
            depth, opened = depth + 1, line
        elif kind == "close":
            if depth == 0:
                raise InvalidFile(path, line, "a ) without its (")
            depth -= 1
        elif kind == "wrong":
            what = _WRONG.get(found["wrong"], f"character {found['wrong']!r} cannot stand here")
            raise InvalidFile(path, line, what)
        is_first = False
    if depth:
        raise InvalidFile(path, opened, "a ( without its )")
    if tokens:
        yield Entry(tuple(tokens), starts_blank, tokens[0].line)


class Cursor:
    """Takes an entry's tokens one after another; ``line`` is that of the token taken last. Raises ValueError."""

    def __init__(self, tokens: Sequence[Token], origin: Name | None, line: int) -> None:
        self.origin = origin
        self.line = line
        self._tokens = tokens
        self._at = 0

    def peek(self) -> Token | None:
        """The next token, not taken; None at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def take(self, what: str) -> Token:
        """The next token, quoted or not; ``what`` it should be is for the error when there is none."""
        if self._at >= len(self._tokens):
            raise ValueError(f"{what} is missing")
        token = self._tokens[self._at]
        self._at += 1
        self.line = token.line
        return token

    def word(self, what: str) -> str:
        """The text of the next token, which must not be quoted."""
        token = self.take(what)
        if token.is_quoted:
            raise ValueError(f'{what} must stand without quotes, not "{token.text}"')
        return token.text

    def name(self, what: str) -> Name:
        """The next token as a name, relative ones below the origin."""
        text = self.word(what)
        if self.origin is None and (text == "@" or not _is_absolute(text)):
            raise ValueError(f"{what} {text} is relative and there is no origin: end it with a dot or give $ORIGIN")
        return name_from_text(text, self.origin or b"\0")

    def remaining(self) -> Sequence[Token]:
        """The tokens that are left, not taken."""
        return self._tokens[self._at :]

    def skip(self) -> None:
        """Leave out what is left."""
        self._at = len(self._tokens)

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._at < len(self._tokens):
            raise ValueError(f"{self.take('').text!r} is too much here")


def seconds_from_text(text: str) -> int:
    """Seconds of ``3600``, ``1h``, ``1h30m`` (BIND's units, in either case). ValueError says what is wrong."""
    if not is_seconds(text):
        raise ValueError(f"{text!r} is not a time such as 3600 or 1h30m")
    plain = text.isdigit()
    seconds = int(text) if plain else sum(int(count) * _UNIT_SECONDS[u.lower()] for count, u in _SPAN.findall(text))
    if seconds > TTL_SECONDS_MAX:
        raise ValueError(f"{text} is more than {TTL_SECONDS_MAX} seconds (RFC 2181 8)")
    return seconds


def is_seconds(text: str) -> bool:
    """True for text that looks like a TTL; no type or class does."""
    return _SECONDS.fullmatch(text) is not None


def octets_from_text(text: str) -> bytes:
    r"""The octets of a string's text: ``\DDD`` and ``\X`` read, other characters as the file had them."""
    if "\\" not in text:
        return text.encode("utf-8", "surrogateescape")
    octets, at = bytearray(), 0
    while at < len(text):
        if text[at] != "\\":
            octets += text[at].encode("utf-8", "surrogateescape")
            at += 1
            continue
        step, octet = _escape(text, at)
        octets += octet
        at += step
    return bytes(octets)


def quoted(octets: bytes) -> str:
    r"""Octets as a quoted string of a master file: ``"`` and ``\`` escaped, what does not print as ``\DDD``."""
    return '"' + "".join(_shown_octet(octet) for octet in octets) + '"'


def _shown_octet(octet: int) -> str:
    if octet in b'"\\':
        return f"\\{chr(octet)}"
    return chr(octet) if 32 <= octet <= 126 else f"\\{octet:03d}"


def _escape(text: str, at: int) -> tuple[int, bytes]:
    """How long the escape at ``at`` is, and the octets it stands for."""
    digits = text[at + 1 : at + 4]
    if not digits[:1].isdigit():
        return 2, digits[:1].encode("utf-8", "surrogateescape")
    if len(digits) < 3 or not (digits.isascii() and digits.isdigit()) or int(digits) > 255:
        raise ValueError(f"bad escape \\{digits}: three digits up to 255")
    return 4, bytes((int(digits),))


def _is_absolute(text: str) -> bool:
    r"""True when text ends in a dot that is no escape (``a\.`` does not, ``a\\.`` does)."""
    if not text.endswith("."):
        return False
    before = text[:-1]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 0
