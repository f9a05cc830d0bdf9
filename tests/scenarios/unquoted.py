"""Sentences of RFCs that ask for something and that neither a play nor ``not_ours.txt`` quotes: what is left to read.

``PYTHONPATH=tests python -m scenarios.unquoted FOLDER 1034 1035``, with the texts in the folder as ``quotes.py`` wants
them. RFCs older than RFC 2119 ask in lower case, so letters make no difference here. A whole section that is not ours
stands in ``not_ours.txt`` as "the whole section". What stands before the first section asks for nothing.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from scenarios.quotes import Quote, parts, plain, sections

ASKING = re.compile(
    r"\b(must|should|shall|required|recommended|never|may not|ought to|(is|are) to be|to be expected)\b", re.IGNORECASE
)
BREAK = re.compile(r"(?<=[.:?!])\)?\s+(?=[A-Z\"'(\[0-9*-])")
WHOLE = "the whole section"


def unquoted(text: str, rfc: int, quotes: Iterable[Quote]) -> Iterator[tuple[str, str]]:
    """Section and sentence of each that asks for something and is not quoted, in the order of the text."""
    ours = [quote for quote in quotes if quote[0] == rfc]
    whole = [section for _, section, said in ours if said == WHOLE]
    found = list(sections(text))
    for at, words in found[1:] or found:
        if not any(_is_at(at, section) for section in whole):
            said = [plain(part) for _, section, quote in ours if _is_at(at, section) for part in parts(quote)]
            for sentence in BREAK.split(words):
                if ASKING.search(sentence) and not any(_meet(plain(sentence), each) for each in said):
                    yield at, sentence


def _is_at(at: str, section: str) -> bool:
    return not section or at == section or at.startswith(f"{section}.")


def _meet(sentence: str, part: str) -> bool:
    return part in sentence or sentence.rstrip(".") in part


def main(folder: Path, *rfcs: str) -> None:
    from scenarios.conformance import cited

    for rfc in map(int, rfcs):
        left = list(unquoted((folder / f"rfc{rfc}.txt").read_text("utf-8", "replace"), rfc, cited()))
        for at, sentence in left:
            print(f"RFC {rfc} {at}: {sentence}")
        print(f"RFC {rfc}: {len(left)} left", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
