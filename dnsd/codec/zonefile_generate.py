r"""``$GENERATE`` as BIND has it: a range, an owner and data in which ``$`` stands for the number of the round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dnsd.codec.zonefile_tokens import Cursor, Token, entries
from dnsd.model.errors import InvalidFile

ROUNDS_MOST = 65_536

_RANGE = re.compile(r"([0-9]{1,10})-([0-9]{1,10})(?:/([0-9]{1,10}))?", re.ASCII)
_PLACE = re.compile(r"\\.|\$\$|\$\{([^}]*)\}|\$")
_MODIFIER = re.compile(r"(-?[0-9]{1,10})(?:,([0-9]{1,3})(?:,([doxXnN]))?)?", re.ASCII)


def rounds(text: str) -> range:
    """The numbers of ``start-stop`` or ``start-stop/step``. ValueError when wrong or more than ``ROUNDS_MOST``."""
    found = _RANGE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a range such as 1-100 or 0-254/2")
    start, stop, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if step < 1 or stop < start:
        raise ValueError(f"range {text} is empty: start to stop, upwards, with a step of 1 or more")
    numbers = range(start, stop + 1, step)
    if len(numbers) > ROUNDS_MOST:
        raise ValueError(f"range {text} makes more than {ROUNDS_MOST} records")
    return numbers


def template(cursor: Cursor) -> list[Token]:
    r"""The tokens of the data to fill in: the rest of the line, or what stands in its single quoted string (BIND)."""
    left = list(cursor.remaining())
    if len(left) != 1 or not left[0].is_quoted:
        return left
    inside = left[0].text.replace('\\"', '"')
    try:
        tokens = [token for entry in entries(inside, "") for token in entry.tokens]
    except InvalidFile as fault:
        raise ValueError(f"in the quoted data: {fault.what}") from None
    return [Token(token.text, left[0].line, token.is_quoted) for token in tokens]


def filled(tokens: Sequence[Token], number: int) -> Iterator[Token]:
    """The tokens with ``number`` put in. ValueError when a ``${…}`` is wrong."""
    for token in tokens:
        yield Token(_PLACE.sub(lambda found: _number_to_text(found, number), token.text), token.line, token.is_quoted)


def _number_to_text(found: re.Match[str], number: int) -> str:
    whole = found[0]
    if whole[0] == "\\":
        return whole
    if whole == "$$":
        return r"\$"
    if whole == "$":
        return str(number)
    modifier = _MODIFIER.fullmatch(found[1])
    if modifier is None:
        raise ValueError(f"{whole} is not ${{offset,width,base}} with a base of d, o, x, X, n or N")
    value, width, base = number + int(modifier[1]), int(modifier[2] or 0), modifier[3] or "d"
    if value < 0:
        raise ValueError(f"{whole} makes {value} of {number}; numbers start at 0")
    return _nibbles(value, width, base) if base in "nN" else f"{value:0{width}{base}}"


def _nibbles(value: int, width: int, base: str) -> str:
    """Hexadecimal digits in reverse with dots between them, as in ip6.arpa; ``width`` counts the dots too."""
    digits = f"{value:x}" if base == "n" else f"{value:X}"
    return ".".join(reversed(digits.rjust((width + 1) // 2, "0")))
