"""``docs/conformance.md`` out of the plays: sentence, test, verdict; and the sentences that are not ours, with reasons.

To write it anew: ``PYTHONPATH=tests python -m scenarios.conformance > docs/conformance.md``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scenarios.play import Scene
from scenarios.quotes import Quote, mark, marks, parts
from scenarios.test_plays import SCENES, perform

HERE = Path(__file__).parent
CONNECTIONS = (HERE / "test_connections.py", HERE / "test_persistence.py")
CITED = re.compile(r"RFC (\d{4})(?: (\d[\d.]*))?(?: and [\d.]+)?: ")
HEAD = """# What the RFCs ask of an authoritative server, and where it is shown

Made from the plays in `tests/scenarios/` by `PYTHONPATH=tests python -m scenarios.conformance > docs/conformance.md`;
a test fails when it is out of date. A sentence in quotation marks is the RFC's; others say in our words what the
section asks. A play is put over UDP and over TCP; what concerns connections runs on real sockets.
"""
READ_WHOLE = "RFC 1034, 1035, 2782, 8906 and section 4 of 9619"
"""Those of which ``unquoted.py`` found nothing left."""
Row = tuple[int, str, str, str, str]
"""RFC, section, sentence, test, verdict."""


def text() -> str:
    """The whole page."""
    rows = sorted({*_of_plays(), *_of_connections()}, key=_place)
    held = sum(row[4] == "holds" for row in rows)
    quotes = quoted()
    verified = len(quotes) - len(unverified(quotes))
    summary = (
        f"{len(rows)} sentences, {held} hold. Of {len(quotes)} quotations on this page {verified} were held against"
    )
    lines = [HEAD, f"{summary}\nthe text of the RFC and the section named (`tests/scenarios/quotes.py`)."]
    lines += [f"Of {READ_WHOLE}\nevery sentence that asks for something stands here (`tests/scenarios/unquoted.py`).\n"]
    lines += ["| RFC | sentence | test | verdict |", "|---|---|---|---|"]
    lines += [
        f"| {rfc} {section} | {_cell(said)} | {_cell(test)} | {verdict} |" for rfc, section, said, test, verdict in rows
    ]
    lines += [
        "",
        "## Not shown by a play",
        "",
        "Sentences that are others', or are shown elsewhere, or are decided otherwise.",
        "",
    ]
    lines += ["| RFC | sentence | reason |", "|---|---|---|"]
    lines += [f"| {cited} | {_cell(said)} | {_cell(reason)} |" for cited, said, reason in _not_ours()]
    return "\n".join(lines) + "\n"


def _of_plays(*, judged: bool = True) -> Iterator[Row]:
    for scene in SCENES:
        cited = [found for step in scene.steps for found in citations(step.rule)]
        verdict = _verdict(scene) if cited and judged else ""
        for rfc, section, said in cited:
            yield rfc, section, said, scene.name, verdict


def _verdict(scene: Scene) -> str:
    try:
        for transport in ("udp", "tcp"):
            perform(scene, transport)
    except AssertionError:
        return "fails"
    return "holds"


def _of_connections() -> Iterator[Row]:
    """Docstrings of tests on real sockets; that they hold is the run's to say."""
    for path in CONNECTIONS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                title = f"{path.stem}: {node.name}".replace("test_", "").replace("_", " ")
                for rfc, section, said in citations(" ".join((ast.get_docstring(node) or "").split())):
                    yield rfc, section, said, title, "holds"


def citations(rule: str) -> list[tuple[int, str, str]]:
    """RFC, section and sentence of each citation in a comment."""
    found = list(CITED.finditer(rule))
    ends = [match.start() for match in found[1:]] + [len(rule)] * bool(found)
    return [
        (int(match[1]), match[2] or "", rule[match.end() : end].strip()) for match, end in zip(found, ends, strict=True)
    ]


def cited() -> set[Quote]:
    """All that the page says of RFCs: in their words, or in ours."""
    shown = {(rfc, section, said) for rfc, section, said, _, _ in {*_of_plays(judged=False), *_of_connections()}}
    return shown | {(int(rfc), section.strip("-"), said) for (rfc, _, section), said in _cited_not_ours()}


def quoted() -> set[Quote]:
    """Every quotation of the page: those that begin with a quotation mark."""
    return {quote for quote in cited() if parts(quote[2])}


def unverified(quotes: set[Quote]) -> list[Quote]:
    """Quotations that nobody has held against the RFC's text since they were written."""
    known = marks()
    return sorted(quote for quote in quotes if mark(quote) not in known)


def _cited_not_ours() -> Iterator[tuple[tuple[str, str, str], str]]:
    for cited, said, _ in _not_ours():
        yield cited.partition(" "), said


def _not_ours() -> Iterator[list[str]]:
    for line in (HERE / "not_ours.txt").read_text().splitlines():
        if not line.startswith("#"):
            yield [part.strip() for part in line.split(" | ")]


def _place(row: Row) -> tuple[int, list[int], str, str]:
    return row[0], [int(part) for part in row[1].split(".") if part], row[2], row[3]


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    print(text(), end="")
