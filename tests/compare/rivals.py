"""NSD, Knot and BIND on loopback, each with the same master files."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ports import free_port
from waiting import until

NSD = """server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  pidfile: ""
  database: ""
  zonelistfile: {folder}/nsd.list
  xfrdfile: {folder}/nsd.xfrd
  xfrdir: {folder}
  zonesdir: {folder}
  rrl-ratelimit: 0
  refuse-any: no
  ipv4-edns-size: 4096
remote-control:
  control-enable: no
"""
KNOT = """server:
  listen: 127.0.0.1@{port}
  rundir: {folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  udp-max-payload: 4096
database:
  storage: {folder}/knot.db
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: {folder}
    journal-content: none
    zonefile-sync: -1
zone:
"""
BIND = """options {{
  directory "{folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  allow-query {{ any; }};
  minimal-responses yes;
  minimal-any no;
  empty-zones-enable no;
  dnssec-validation no;
  max-udp-size 4096;
  edns-udp-size 4096;
  notify no;
  zero-no-soa-ttl no;
}};
controls {{ }};
"""
ZONES = {
    "NSD": "zone:\n  name: {zone}\n  zonefile: {file}\n",
    "Knot": "  - domain: {zone}\n    file: {file}\n",
    "BIND": 'zone "{zone}" {{ type primary; file "{file}"; check-names ignore; }};\n',
}
HEADS = {"NSD": NSD, "Knot": KNOT, "BIND": BIND}
COMMANDS = {"NSD": ("nsd", "-d", "-c"), "Knot": ("knotd", "-c"), "BIND": ("named", "-g", "-n", "1", "-c")}


@contextmanager
def serving(server: str, files: dict[str, str], folder: Path) -> Iterator[int]:
    """The port of one that serves ``files`` (zone -> name of its master file in ``folder``) while it is entered."""
    port = free_port()
    configuration = folder / f"{server}.conf"
    zones = "".join(ZONES[server].format(zone=zone, file=file) for zone, file in files.items())
    configuration.write_text(HEADS[server].format(folder=folder, port=port) + zones)
    with (folder / f"{server}.log").open("w") as log:
        process = subprocess.Popen([*COMMANDS[server], str(configuration)], stdout=log, stderr=log, cwd=folder)
    try:
        until(lambda: process.poll() is not None or is_serving(port, list(files)), f"{server} serves", 40)
        assert process.poll() is None, (folder / f"{server}.log").read_text()[-3000:]
        yield port
    finally:
        process.terminate()
        process.wait(20)


def is_serving(port: int, zones: Sequence[str]) -> bool:
    """True when every zone's SOA comes with authority."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.connect(("127.0.0.1", port))
        door.settimeout(0.5)
        try:
            for zone in zones:
                name = b"".join(bytes((len(label),)) + label.encode() for label in zone.split(".")) + b"\0"
                door.send(b"\0\0\0\0\0\1\0\0\0\0\0\0" + name + b"\0\6\0\1")
                reply = door.recv(4096)
                if not (reply[2] & 4 and reply[7]):
                    return False
        except OSError:
            return False
    return True
