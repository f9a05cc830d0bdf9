"""The other name servers, as Debian has them: one worker each (if not asked for two), the zones as master files.

Only what would make the comparison unfair is set otherwise: no rate limit (NSD's is on), no name servers in the
authority section of every answer (dnsd sends none). Each is left out where it is not installed.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from peers import LOOPBACK, Started, free_port

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where servers are installed, and a plain user's PATH often does not lead."""

_NSD = """
server:
  server-count: {workers}
  reuseport: {shares}
  ip-address: {host}@{port}
  username: ""
  chroot: ""
  zonesdir: "{zones}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  rrl-ratelimit: 0
  minimal-responses: yes
  tcp-count: 1000
remote-control:
  control-enable: no
"""
_NSD_ZONE = 'zone:\n  name: "{origin}"\n  zonefile: "{file}"\n'

_KNOT = """
server:
    listen: {host}@{port}
    rundir: {folder}
    pidfile: {folder}/knot.pid
    udp-workers: {workers}
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: {folder}
template:
  - id: default
    storage: {zones}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
zone:
"""
_KNOT_ZONE = "  - domain: {origin}\n    file: {file}\n"

_BIND = """
options {{
    directory "{folder}";
    pid-file "{folder}/named.pid";
    session-keyfile "{folder}/session.key";
    listen-on port {port} {{ {host}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    minimal-responses yes;
    notify no;
    empty-zones-enable no;
}};
controls {{ }};
"""
_BIND_ZONE = 'zone "{origin}" {{ type primary; file "{file}"; }};\n'


def _nsd(program: str, settings: Path) -> list[str]:
    return [program, "-d", "-c", str(settings)]


def _knot(program: str, settings: Path) -> list[str]:
    return [program, "-c", str(settings)]


def _bind(program: str, settings: Path) -> list[str]:
    return [program, "-g", "-n", "1", "-c", str(settings)]


_KINDS: dict[str, tuple[str, str, str, Callable[[str, Path], list[str]]]] = {
    "NSD": ("nsd", _NSD, _NSD_ZONE, _nsd),
    "Knot": ("knotd", _KNOT, _KNOT_ZONE, _knot),
    "BIND": ("named", _BIND, _BIND_ZONE, _bind),
}
"""Name -> program, settings, those of one zone, command. To add a server: its line here, and its version below."""

VERSIONS = {"NSD": ("nsd", "-v"), "Knot": ("knotd", "-V"), "BIND": ("named", "-v")}

NAMES = tuple(_KINDS)


def program_of(name: str) -> str | None:
    """Where it is installed, if it is."""
    program = _KINDS[name][0]
    return shutil.which(program) or shutil.which(program, path=SYSTEM_FOLDERS)


def start(name: str, folder: Path, zones: Path, workers: int = 1) -> Started | None:
    """Start it on the master files in ``zones``; None when it is not installed. ``workers``: for UDP, not of BIND."""
    program = program_of(name)
    if program is None:
        return None
    _, head, zone, command = _KINDS[name]
    folder.mkdir(parents=True)
    port = free_port()
    settings = folder / "server.conf"
    blocks = [zone.format(origin=file.stem, file=file) for file in sorted(zones.glob("*.zone"))]
    chosen = {"workers": workers, "shares": "yes" if workers > 1 else "no"}
    settings.write_text(head.format(host=LOOPBACK, port=port, folder=folder, zones=zones, **chosen) + "".join(blocks))
    return Started(name, port, command(program, settings), folder / "log").wait()
