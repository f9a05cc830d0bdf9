"""The benchmark still runs. Nothing here looks at a figure: none of it is a timed test."""

import subprocess
import sys
from pathlib import Path

import pytest
from room import require

RUN = Path(__file__).with_name("run.py")
SMALL = ("--services", "20", "--rounds", "1", "--seconds", "0.5")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(RUN), *words], capture_output=True, text=True, check=False, timeout=90)


def test_help_names_every_row() -> None:
    done = run("--help")
    assert done.returncode == 0
    for row in ("warm", "tcp-each", "churn", "sizes", "elsewhere", "rates", "start"):
        assert f"  {row} " in done.stdout


@pytest.mark.parametrize("words", [("--rows", "nothing"), ("--peer", "other=127.0.0.1:53"), ("--write", "/no/dir")])
def test_a_wrong_call_is_refused(words: tuple[str, str]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert words[0] in done.stderr


def test_records_are_written_as_master_files(tmp_path: Path) -> None:
    done = run("--export", str(tmp_path), "--services", "4")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "cluster.local.zone").read_text().splitlines()
    assert "\tSOA\t" in lines[0]
    assert len([line for line in lines if line.startswith("_http._tcp.") and "\tSRV\t" in line]) == 2 + 3 + 4 + 5


def test_a_row_is_measured_and_written(tmp_path: Path) -> None:
    require("dnsperf")
    document = tmp_path / "performance.md"
    done = run(*SMALL, "--rows", "wildcard", "--write", str(document))
    assert done.returncode == 0, done.stderr
    assert "dnsd, wildcard / warm" in done.stdout
    assert "| dnsd, wildcard / warm |" in document.read_text()
    assert not list(tmp_path.glob("*.svg")), "no sizes were measured"
