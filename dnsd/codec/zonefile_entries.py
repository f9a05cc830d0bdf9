"""The entries of a master file, one after another: directives, owners, TTLs, types (RFC 1035 5.1, RFC 2308 4)."""

from __future__ import annotations

from collections.abc import Callable

from dnsd.codec import zonefile_generate
from dnsd.codec.wire import type_from_text
from dnsd.codec.zonefile_rdata import read_rdata
from dnsd.codec.zonefile_rrsets import Gathering, Place
from dnsd.codec.zonefile_tokens import Cursor, Entry, Token, entries, is_seconds, octets_from_text, seconds_from_text
from dnsd.model.errors import InvalidFile
from dnsd.model.message import RRType
from dnsd.model.names import Name

FAULTS_MOST = 20
INCLUDES_DEEP_MOST = 10

_CLASSES = frozenset({"IN", "CH", "HS", "CS", "ANY", "NONE"})
_META_TYPES = frozenset({0, RRType.OPT, *range(128, 256)})
"""Types of questions and of messages (RFC 6895 3.1): they are never data."""


class Reader:
    """Reads a text and what it includes into ``gathering``; what is wrong goes to ``faults``, and reading goes on.

    ``read`` gives the text of an included file and raises OSError or ValueError when it cannot.
    """

    def __init__(self, origin: Name | None, read: Callable[[str], str] | None) -> None:
        self.gathering = Gathering()
        self.faults: list[InvalidFile] = []
        self._origin = origin
        self._owner: Name | None = None
        self._owner_is_wrong = False
        self._ttl: int | None = None
        self._ttl_before: int | None = None
        self._read = read
        self._generated = 0
        self._directives = {
            "$TTL": self._set_ttl,
            "$ORIGIN": self._set_origin,
            "$INCLUDE": self._include,
            "$GENERATE": self._generate,
        }

    def read_text(self, text: str, path: str, outer: tuple[str, ...] = ()) -> None:
        """Read the text of the file ``path``, which the files ``outer`` include, the outermost first."""
        files = (*outer, path)
        try:
            for entry in entries(text.removeprefix("\ufeff"), path):
                cursor = Cursor(entry.tokens, self._origin, entry.line)
                try:
                    self._read_entry(entry, cursor, files)
                except ValueError as fault:
                    self.faults.append(InvalidFile(path, cursor.line, str(fault)))
                if len(self.faults) >= FAULTS_MOST:
                    return
        except InvalidFile as fault:
            self.faults.append(fault)

    def _read_entry(self, entry: Entry, cursor: Cursor, files: tuple[str, ...]) -> None:
        first = entry.tokens[0]
        if entry.starts_blank or first.is_quoted or not first.text.startswith("$"):
            self._read_record(entry, cursor, files)
            return
        directive = self._directives.get(cursor.word("directive").upper())
        if directive is None:
            raise ValueError(f"{first.text} is none of {', '.join(self._directives)}")
        directive(cursor, files)
        cursor.end()

    def _read_record(self, entry: Entry, cursor: Cursor, files: tuple[str, ...]) -> None:
        if not entry.starts_blank:
            self._owner, self._owner_is_wrong = None, True
            self._owner, self._owner_is_wrong = cursor.name("owner"), False
        if self._owner_is_wrong:
            return
        if self._owner is None:
            raise ValueError("a line that starts with a blank repeats the owner of the line before, and there is none")
        ttl, rtype = _read_head(cursor)
        rdata = read_rdata(rtype, cursor)
        self._add(self._owner, rtype, ttl, rdata, Place(files[-1], entry.line))

    def _add(self, owner: Name, rtype: int, ttl: int | None, rdata: bytes, place: Place) -> None:
        """An explicit TTL, else ``$TTL``, else the last explicit one, else the minimum of this SOA (RFC 2308 4)."""
        if ttl is not None:
            self._ttl_before = ttl
        elif self._ttl is not None:
            ttl = self._ttl
        elif self._ttl_before is not None:
            ttl = self._ttl_before
        elif rtype == RRType.SOA:
            ttl = self._ttl = int.from_bytes(rdata[-4:], "big")
        else:
            raise ValueError("no TTL: give $TTL at the head of the file, or a TTL here")
        self.gathering.add(owner, rtype, ttl, rdata, place)

    def _set_ttl(self, cursor: Cursor, files: tuple[str, ...]) -> None:
        self._ttl = seconds_from_text(cursor.word("$TTL's time"))

    def _set_origin(self, cursor: Cursor, files: tuple[str, ...]) -> None:
        self._origin = cursor.name("$ORIGIN's name")

    def _include(self, cursor: Cursor, files: tuple[str, ...]) -> None:
        """Origin and owner are afterwards what they were before (RFC 1035 5.1)."""
        target = _beside(files[-1], _file_name(cursor.take("$INCLUDE's file")))
        origin = cursor.name("$INCLUDE's origin") if cursor.peek() else self._origin
        if target in files:
            raise ValueError(f"{target} includes itself: {' -> '.join((*files, target))}")
        if len(files) > INCLUDES_DEEP_MOST:
            raise ValueError(f"more than {INCLUDES_DEEP_MOST} files that include one another")
        before = self._origin, self._owner
        text = self._included_text(target)
        self._origin = origin
        self.read_text(text, target, files)
        self._origin, self._owner = before

    def _included_text(self, target: str) -> str:
        if self._read is None:
            raise ValueError("$INCLUDE is not possible here")
        try:
            return self._read(target)
        except OSError as fault:
            raise ValueError(f"{target} cannot be read: {fault.strerror or fault}") from None
        except ValueError as fault:
            raise ValueError(f"{target} cannot be read: {fault}") from None

    def _generate(self, cursor: Cursor, files: tuple[str, ...]) -> None:
        """One record for each number; the owner of the lines after it is what it was."""
        numbers = zonefile_generate.rounds(cursor.word("$GENERATE's range"))
        self._generated += len(numbers)
        if self._generated > zonefile_generate.ROUNDS_MOST:
            raise ValueError(f"$GENERATE makes more than {zonefile_generate.ROUNDS_MOST} records in one zone")
        line = cursor.line
        owner = cursor.take("$GENERATE's owner")
        ttl, rtype = _read_head(cursor)
        tokens = [owner, *zonefile_generate.template(cursor)]
        cursor.skip()
        for number in numbers:
            made = Cursor(list(zonefile_generate.filled(tokens, number)), self._origin, line)
            name = made.name("owner")
            self._add(name, rtype, ttl, read_rdata(rtype, made), Place(files[-1], line))


def _read_head(cursor: Cursor) -> tuple[int | None, int]:
    """TTL, if there is one, and type; TTL and class come in either order or not at all (RFC 1035 5.1)."""
    ttl, has_class = None, False
    while True:
        word = cursor.word("type")
        upper = word.upper()
        if ttl is None and is_seconds(word):
            ttl = seconds_from_text(word)
        elif not has_class and (upper in _CLASSES or upper.startswith("CLASS")):
            has_class = True
            if upper not in ("IN", "CLASS1"):
                raise ValueError(f"class {word}: dnsd serves class IN alone")
        else:
            return ttl, _data_type(word)


def _data_type(word: str) -> int:
    rtype = type_from_text(word)
    if rtype in _META_TYPES:
        raise ValueError(f"{word} is a type of questions and messages, never of data (RFC 6895 3.1)")
    return rtype


def _file_name(token: Token) -> str:
    return octets_from_text(token.text).decode("utf-8", "surrogateescape")


def _beside(path: str, name: str) -> str:
    """A relative name starts where the file that includes it lies."""
    folder, slash, _ = path.rpartition("/")
    return name if name.startswith("/") else f"{folder}{slash}{name}"
