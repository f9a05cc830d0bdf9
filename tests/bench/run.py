"""The benchmark of the whole: ``python tests/bench/run.py`` (see ``--help``)."""

import argparse
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import hotpath
import plot
import report
from dnsperf import ToolMissing
from figures import Figure
from peers import Stranger
from records import Records
from rows import ROWS
from stage import QUICK, Options, Stage

_DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
_ABOUT = """
Measures dnsd beside NSD, Knot and BIND, whichever are installed, and a C echo that it builds with cc; needs dnsperf.
Installs nothing, talks to loopback alone, and starts every server it measures (but for --peer) on free ports.
Run it on an idle machine with two cores at least: the server gets the first, the client the second. The rows are
"""
_AFTER = """
examples:
  python tests/bench/run.py                               all rows at full size (an hour or so), docs/performance.md
  python tests/bench/run.py --quick                       all rows, small and short: does it work?
  python tests/bench/run.py --rows warm,first --rounds 3  two of the rows
  python tests/bench/run.py --profile                     where the time of a query goes
  python tests/bench/run.py --export zones                the records as master files, to load a --peer with
Small parts have benchmarks of their own: tests/bench/bench_*.py.
"""


def main() -> int:
    """Run the rows, print the table, write the document."""
    arguments = _parser().parse_args()
    options = _options(arguments)
    if arguments.export is not None:
        arguments.export.mkdir(parents=True, exist_ok=True)
        Records(options.services).write_master_files(arguments.export)
        return 0
    if arguments.profile:
        hotpath.show(options)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    stage = Stage(options)
    figures: list[Figure] = []
    try:
        for name in arguments.rows:
            figures += _measured(name, stage)
    finally:
        stage.close()
    _print(stage, figures)
    path = arguments.write or (_DOCUMENT if _is_whole(arguments) and not stage.failed else None)
    if path is not None:
        report.write(stage, figures, path)
        print(f"written: {path}", file=sys.stderr)
    return 1 if stage.failed else 0


def _measured(name: str, stage: Stage) -> list[Figure]:
    print(f"{name}: {ROWS[name].title} ...", file=sys.stderr, flush=True)
    try:
        return ROWS[name].measure(stage)
    except ToolMissing as missing:
        stage.notes.append(f"{name} was left out: {missing} is not installed")
    except (RuntimeError, OSError) as fault:
        traceback.print_exc()
        stage.failed.append(name)
        stage.notes.append(f"{name} failed: {fault}")
    return []


def _print(stage: Stage, figures: list[Figure]) -> None:
    print(report.table(figures))
    if stage.points:
        print("\nus of CPU a query over endpoints\n" + plot.text(stage.points))
    for note in stage.notes:
        print(f"note: {note}")


def _options(arguments: argparse.Namespace) -> Options:
    options = replace(Options(), **QUICK) if arguments.quick else Options()
    asked = ("services", "rounds", "seconds", "sizes", "large")
    given = {name: value for name in asked if (value := getattr(arguments, name)) is not None}
    return replace(options, strangers=tuple(arguments.peer), **given)


def _is_whole(arguments: argparse.Namespace) -> bool:
    """True for a run that may stand in the document: every row, nothing made smaller."""
    is_smaller = arguments.quick or any(getattr(arguments, name) is not None for name in ("rounds", "seconds", "sizes"))
    return list(arguments.rows) == list(ROWS) and not is_smaller


def _parser() -> argparse.ArgumentParser:
    titles = "\n".join(f"  {name:10} {row.title}" for name, row in ROWS.items())
    parser = argparse.ArgumentParser(
        description=_ABOUT + titles, epilog=_AFTER, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=_rows, default=list(ROWS), metavar="ROW,ROW", help="only these rows")
    parser.add_argument("--rounds", type=int, help=f"alternations (default {Options.rounds})")
    parser.add_argument("--seconds", type=float, help=f"length of one load (default {Options.seconds:g})")
    parser.add_argument("--services", type=int, help=f"services, 3.5 endpoints each (default {Options.services:,})")
    parser.add_argument("--sizes", type=_sizes, metavar="N,N", help="endpoints in the row sizes")
    parser.add_argument("--large", type=int, help=f"endpoints in elsewhere and start (default {Options.large:,})")
    parser.add_argument("--quick", action="store_true", help="small and short; the flags above still hold")
    parser.add_argument(
        "--peer",
        type=_peer,
        action="append",
        default=[],
        metavar="NAME=ADDR:PORT,PID",
        help="another server that holds the records (--export); CPU time of PID and all its children counts",
    )
    parser.add_argument("--write", type=_document, metavar="FILE", help="write the document here, whatever was run")
    parser.add_argument("--export", type=Path, metavar="DIR", help="write the master files and end")
    parser.add_argument("--profile", action="store_true", help="show where the time of the hot path goes, and end")
    return parser


def _rows(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in ROWS:
            raise argparse.ArgumentTypeError(f"no row {name!r}; there are {', '.join(ROWS)}")
    return names


def _document(text: str) -> Path:
    """A file that can be written: known before the measuring, which takes long."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {path.parent}")
    return path


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(word.replace("_", "")) for word in text.split(","))


def _peer(text: str) -> Stranger:
    name, _, rest = text.partition("=")
    address, _, pid = rest.rpartition(",")
    host, _, port = address.rpartition(":")
    if not (name and host and port.isdigit() and pid.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=ADDR:PORT,PID")
    return Stranger(name, host, int(port), int(pid))


if __name__ == "__main__":
    sys.exit(main())
