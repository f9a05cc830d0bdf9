"""Quotations of RFCs held against the RFCs' text, which is not ours to keep here: ``verified.txt`` notes which hold.

With a folder of ``rfc1034.txt`` and so on (Debian's doc-rfc packages bring them, the RFC Editor has them):
``PYTHONPATH=tests python -m scenarios.quotes FOLDER`` says what does not stand where it is said to, and writes
``verified.txt`` anew. A quotation that was edited since counts as not verified; a test says so.
"""

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

VERIFIED = Path(__file__).parent / "verified.txt"
HEADING = re.compile(r"(\d+(?:\.\d+)*)\.? +\S.{0,75}")
PAGE_EDGE = re.compile(r"\S.*\[Page \d+\]|RFC \d{4} +.*\d{4}")
PARTS = re.compile(r'"?(?: \(and\) |, (?=")| \.\.\. )"?')
Quote = tuple[int, str, str]
"""RFC, section, and what is said there as a play or ``not_ours.txt`` has it."""


def parts(said: str) -> list[str]:
    """The quotations in what is said: it begins with a quotation mark, or has none."""
    if not said.startswith('"'):
        return []
    end = said.rindex('"')
    return [part for part in PARTS.split(said[1:end]) if part]


def mark(quote: Quote) -> str:
    """A short name for a quotation in ``verified.txt``."""
    return hashlib.sha256(repr(quote).encode()).hexdigest()[:12]


def marks() -> frozenset[str]:
    """Those that were verified."""
    return frozenset(line.split()[0] for line in VERIFIED.read_text().splitlines() if not line.startswith("#"))


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Section and its words, page edges and line ends gone."""
    section, words = "", []
    for line in text.replace("\f", "\n").splitlines():
        heading = HEADING.fullmatch(line)
        if heading and " . ." not in line and "...." not in line and _is_next(section, heading[1]):
            yield section, " ".join(words)
            section, words = heading[1], line.split()
        elif not PAGE_EDGE.fullmatch(line):
            words += line.split()
    yield section, " ".join(words)


def _is_next(section: str, heading: str) -> bool:
    """A line of the text may begin with a number as well; chapters are counted."""
    return not section or int(heading.partition(".")[0]) <= int(section.partition(".")[0]) + 1


def plain(words: str) -> str:
    """Words alone: how a text is broken and what marks its lists is no part of what it says."""
    return re.sub(r"[\s|*-]+", "", words).lower()


def stands(text: str, section: str, said: str) -> bool:
    """True when all quoted parts stand in this section of the RFC, or below it."""
    found = [(at, plain(words)) for at, words in sections(text)]
    within = [words for at, words in found if not section or at == section or at.startswith(f"{section}.")]
    whole = "".join(words for _, words in found)
    return all(any(plain(part) in words for words in within) and plain(part) in whole for part in parts(said))


def verify(quotes: Iterable[Quote], folder: Path) -> tuple[list[Quote], list[Quote]]:
    """Those that stand, and those that do not or whose RFC is not in the folder."""
    texts = {path.stem: path.read_text("utf-8", "replace") for path in folder.glob("rfc*.txt")}
    good, bad = [], []
    for quote in quotes:
        is_good = f"rfc{quote[0]}" in texts and stands(texts[f"rfc{quote[0]}"], quote[1], quote[2])
        (good if is_good else bad).append(quote)
    return good, bad


def main(folder: Path) -> None:
    from scenarios.conformance import quoted

    good, bad = verify(sorted(quoted()), folder)
    head = "# Quotations that were held against the RFC's text: mark, RFC, section. Written by scenarios/quotes.py."
    VERIFIED.write_text("\n".join([head, *(f"{mark(each)} {each[0]} {each[1] or '-'}" for each in good)]) + "\n")
    for rfc, section, said in bad:
        print(f"RFC {rfc} {section}: {said}")
    print(f"{len(good)} stand, {len(bad)} do not", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
