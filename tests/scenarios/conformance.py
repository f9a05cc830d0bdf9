"""``docs/conformance.md`` out of the plays: sentence, test, verdict; and the sentences that are not ours, with reasons.

To write it anew: ``PYTHONPATH=tests python -m scenarios.conformance > docs/conformance.md``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scenarios.play import Scene
from scenarios.test_plays import SCENES, test_a_play

HERE = Path(__file__).parent
CITED = re.compile(r"RFC (\d{4})(?: (\d[\d.]*))?(?: and [\d.]+)?: ")
HEAD = """# What the RFCs ask of an authoritative server, and where it is shown

Made from the plays in `tests/scenarios/` by `PYTHONPATH=tests python -m scenarios.conformance > docs/conformance.md`;
a test fails when it is out of date. A sentence in quotation marks is the RFC's; others say in our words what the
section asks. A play is put over UDP and over TCP; what concerns connections runs on real sockets.
"""
Row = tuple[int, str, str, str, str]
"""RFC, section, sentence, test, verdict."""


def text() -> str:
    """The whole page."""
    rows = sorted({*_of_plays(), *_of_connections()}, key=_place)
    held = sum(row[4] == "holds" for row in rows)
    lines = [HEAD, f"{len(rows)} sentences, {held} hold.\n", "| RFC | sentence | test | verdict |", "|---|---|---|---|"]
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


def _of_plays() -> Iterator[Row]:
    for scene in SCENES:
        cited = [found for step in scene.steps for found in citations(step.rule)]
        verdict = _verdict(scene) if cited else ""
        for rfc, section, said in cited:
            yield rfc, section, said, scene.name, verdict


def _verdict(scene: Scene) -> str:
    try:
        for transport in ("udp", "tcp"):
            test_a_play(scene, transport)
    except AssertionError:
        return "fails"
    return "holds"


def _of_connections() -> Iterator[Row]:
    """Docstrings of tests on real sockets; that they hold is the run's to say."""
    path = HERE / "test_connections.py"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            for rfc, section, said in citations(" ".join((ast.get_docstring(node) or "").split())):
                yield rfc, section, said, f"connections: {node.name.removeprefix('test_').replace('_', ' ')}", "holds"


def citations(rule: str) -> list[tuple[int, str, str]]:
    """RFC, section and sentence of each citation in a comment."""
    found = list(CITED.finditer(rule))
    ends = [match.start() for match in found[1:]] + [len(rule)] * bool(found)
    return [
        (int(match[1]), match[2] or "", rule[match.end() : end].strip()) for match, end in zip(found, ends, strict=True)
    ]


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
