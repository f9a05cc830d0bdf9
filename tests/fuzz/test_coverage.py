"""The mutated client packets reach every branch of what reads packets: there is none that fuzzing never saw."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
ROUNDS = 20_000
PARSERS = {
    "dnsd/answer/scan.py": None,
    "dnsd/answer/edns.py": {"read_edns", "_options"},
    "dnsd/codec/tsig.py": {"read_signature", "unsigned", "_read_name"},
}
"""File -> its functions that read packets; None: all of it."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Coverage's report on each file, from a process of its own: this one has imported them already."""
    folder = tmp_path_factory.mktemp("coverage")
    (folder / "rc").write_text("[run]\nbranch = True\n")
    words = [sys.executable, "-m", "coverage"]
    more = [f"--rcfile={folder / 'rc'}", f"--data-file={folder / 'data'}"]
    include = "--include=" + ",".join(f"*/{name}" for name in PARSERS)
    settings = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    settings["PYTHONPATH"] = str(TESTS)
    for command in (["run", *more, include, "-m", "fuzz.read_all", str(ROUNDS)], ["json", *more, "-o", "report"]):
        done = subprocess.run([*words, *command], cwd=folder, env=settings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    found = json.loads((folder / "report").read_text())["files"]
    return {name: next(report for path, report in found.items() if path.endswith(name)) for name in PARSERS}


@pytest.mark.parametrize("name", PARSERS)
def test_every_branch_of_a_parser_is_reached(files: dict[str, Any], name: str) -> None:
    functions = files[name]["functions"]
    chosen = PARSERS[name] or functions.keys()
    assert chosen <= functions.keys()
    missed = {each: (functions[each]["missing_lines"], functions[each]["missing_branches"]) for each in chosen}
    assert {each: missing for each, missing in missed.items() if missing != ([], [])} == {}
    assert sum(functions[each]["summary"]["num_branches"] for each in chosen) >= 6
