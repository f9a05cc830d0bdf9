"""A real NSD and a real Knot as secondaries: told by NOTIFY, led by IXFR, in the end equal to dnsd; Knot with TSIG."""

import http.client
import json
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import dns.zone
import pytest
from ports import free_port
from room import require
from waiting import until

pytestmark = pytest.mark.timeout(280)

ZONES = ("cluster.local", "10.in-addr.arpa")
SECRET = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IGtleQ=="
NSD, KNOT = "127.0.0.2", "127.0.0.3"
NSD_CONF = """
server:
    ip-address: {host}@{port}
    server-count: 1
    username: ""
    database: ""
    zonesdir: {folder}
    pidfile: {folder}/nsd.pid
    logfile: {folder}/nsd.log
    xfrdfile: {folder}/xfrd.state
    xfrdir: {folder}
    zonelistfile: {folder}/zone.list
    verbosity: 2
    xfrd-reload-timeout: 0
remote-control:
    control-enable: no
"""
NSD_ZONE = """
zone:
    name: {zone}
    zonefile: {folder}/{zone}.nsd
    request-xfr: 127.0.0.1@{primary} NOKEY
    allow-notify: 127.0.0.1 NOKEY
    outgoing-interface: {host}
    provide-xfr: 127.0.0.1 NOKEY
"""
KNOT_CONF = """
server:
    listen: {host}@{port}
    rundir: {folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: {folder}/knot.log
    any: info
database:
    storage: {folder}/knot-db
key:
  - id: knot.key
    algorithm: hmac-sha256
    secret: {secret}
remote:
  - id: primary
    address: 127.0.0.1@{primary}
    via: {host}
    key: knot.key
acl:
  - id: told
    address: 127.0.0.1
    key: knot.key
    action: notify
  - id: read
    address: 127.0.0.1
    action: transfer
template:
  - id: default
    storage: {folder}/knot-db
zone:
"""
KNOT_ZONE = """  - domain: {zone}
    master: primary
    acl: [told, read]
"""


class Trio:
    """dnsd and its two secondaries."""

    def __init__(self, folder: Path, dnsd: list[str]) -> None:
        self.folder = folder
        self.dns, self.admin = free_port(), free_port()
        self.ports = {"127.0.0.1": self.dns, NSD: free_port(NSD), KNOT: free_port(KNOT)}
        self._running: list[subprocess.Popen[bytes]] = []
        self._command = [*dnsd, "serve"]

    def start(self) -> None:
        """Start all three; ``close`` ends those that were started."""
        folder = self.folder
        keys = folder / "keys"
        keys.write_text(f"hmac-sha256:knot.key:{SECRET}\n")
        keys.chmod(0o600)
        flags = ["--dns", f"127.0.0.1:{self.dns}", "--admin", f"127.0.0.1:{self.admin}", "--state-dir", str(folder)]
        flags += ["--lame-duck-seconds", "0"]
        flags += ["--reverse", "10.0.0.0/8", "--tsig-keys", str(keys)]
        flags += ["--transfer-to", NSD, "--transfer-to", "knot.key"]
        flags += ["--notify", f"{NSD}:{self.ports[NSD]}", "--notify", f"{KNOT}:{self.ports[KNOT]} knot.key"]
        self._start("dnsd", *self._command, *flags)
        until(lambda: "dnsd ready:" in self.log("dnsd"), "dnsd is ready")
        self._start("nsd", "nsd", "-d", "-c", self._configure("nsd.conf", NSD_CONF, NSD_ZONE, NSD))
        (folder / "knot-db").mkdir()
        self._start("knot", "knotd", "-c", self._configure("knot.conf", KNOT_CONF, KNOT_ZONE, KNOT))

    def _configure(self, name: str, head: str, zone: str, host: str) -> str:
        values = {"folder": self.folder, "host": host, "port": self.ports[host], "primary": self.dns, "secret": SECRET}
        text = head.format(**values) + "".join(zone.format(zone=each, **values) for each in ZONES)
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def _start(self, name: str, *words: str) -> None:
        with (self.folder / f"{name}.out").open("wb") as out:
            self._running.append(subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT))

    def log(self, name: str) -> str:
        """What a program has said so far."""
        texts = [self.folder / f"{name}.out", self.folder / f"{name}.log"]
        return "".join(path.read_text("utf-8", "replace") for path in texts if path.exists())

    def serial(self, host: str, zone: str) -> int:
        """The zone's serial at one of the three; -1 while it has none."""
        query = dns.message.make_query(zone, "SOA")
        try:
            reply = dns.query.udp(query, host, port=self.ports[host], timeout=1)
        except (dns.exception.Timeout, OSError):
            return -1
        return reply.answer[0][0].serial if reply.answer else -1

    def content(self, host: str, zone: str) -> set[str]:
        """All records, by AXFR; dnsd gives them to the secondaries alone, so its own go out by the key."""
        made = dns.zone.Zone(zone, relativize=False)
        query = dns.message.make_query(zone, "AXFR")
        if host == "127.0.0.1":
            query.use_tsig(dns.tsig.Key("knot.key", SECRET))
        dns.query.inbound_xfr(host, made, query, port=self.ports[host], timeout=10)
        return {f"{name} {ttl} {rdata.rdtype} {rdata}" for name, ttl, rdata in made.iterate_rdatas()}

    def are_level(self) -> bool:
        """True when both secondaries have dnsd's serials."""
        return all(
            self.serial(host, zone) == self.serial("127.0.0.1", zone) != -1 for zone in ZONES for host in (NSD, KNOT)
        )

    def close(self) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


@pytest.fixture
def trio(tmp_path: Path, dnsd: list[str]) -> Iterator[Trio]:
    require("nsd", "knotd")
    made = Trio(tmp_path, dnsd)
    try:
        made.start()
        yield made
    finally:
        made.close()


def change(connection: http.client.HTTPConnection, chance: random.Random, alive: dict[str, str]) -> None:
    """One change of the registry: an endpoint comes, changes or goes; each makes a revision."""
    service, number = f"web-{chance.randrange(5)}", chance.randrange(60)
    path = f"/v1/namespaces/default/services/{service}/endpoints/e-{number}"
    address = f"10.{chance.randrange(4)}.{chance.randrange(250)}.{chance.randrange(250)}"
    if path in alive and chance.random() < 0.4:
        del alive[path]
        connection.request("DELETE", path)
    else:
        alive[path] = address
        ports = {"http": 8000 + chance.randrange(3), "metrics": 9000}
        body = {"address": address, "ports": ports, "lease_seconds": None, "weight": chance.randrange(1, 200)}
        connection.request("PUT", path, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    assert response.status in (200, 201), text


Contents = dict[str, dict[str, set[str]]]
"""Host -> zone -> its records."""


def follow(trio: Trio, changes: int) -> tuple[int, Contents]:
    """Make so many changes and one more, and await the secondaries; returns by how much the serial rose, and all
    contents at the end.
    """
    until(trio.are_level, "both secondaries have the empty zones", 60)
    connection = http.client.HTTPConnection("127.0.0.1", trio.admin, timeout=20)
    chance, alive = random.Random(7), {}
    before = trio.serial("127.0.0.1", "cluster.local")
    for _ in range(changes):
        change(connection, chance, alive)
    until(trio.are_level, "both secondaries have the last serial", 60)
    change(connection, chance, alive)
    connection.close()
    last = trio.serial("127.0.0.1", "cluster.local")
    until(trio.are_level, "both secondaries have the last change", 60)
    contents = {host: {zone: trio.content(host, zone) for zone in ZONES} for host in trio.ports}
    check_ways(trio, last)
    return last - before, contents


def check_ways(trio: Trio, last: int) -> None:
    """They were told by NOTIFY and led by IXFR: one change is a small difference for both, and no whole zone."""
    knot = trio.log("knot")
    assert "[cluster.local.] notify, incoming, remote 127.0.0.1@" in knot, knot
    assert len(re.findall(r"\[cluster\.local\.\] IXFR, incoming, .* finished", knot)) >= 1, knot
    assert len(re.findall(r"\[cluster\.local\.\] AXFR, incoming, .* finished", knot)) == 1, knot
    sizes = re.findall(r"\[cluster\.local\.\] IXFR, incoming, .* (\d+) bytes", knot)
    assert int(sizes[-1]) < 3000, sizes
    nsd = trio.log("nsd")
    sizes = re.findall(rf"zone cluster\.local\. received update to serial {last} .* of (\d+) bytes", nsd)
    assert int(sizes[-1]) < 3000, nsd


@pytest.mark.parametrize("changes", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_secondaries_follow(trio: Trio, changes: int) -> None:
    risen, contents = follow(trio, changes)
    assert risen == changes + 1
    assert {len(contents["127.0.0.1"][zone]) > least for zone, least in zip(ZONES, (60, 20), strict=True)} == {True}
    assert contents[NSD] == contents["127.0.0.1"]
    assert contents[KNOT] == contents["127.0.0.1"]


def test_who_is_not_named_gets_no_zone(trio: Trio) -> None:
    until(trio.are_level, "both secondaries have the empty zones", 60)
    query = dns.message.make_query("cluster.local", "AXFR")
    reply = dns.query.tcp(query, "127.0.0.1", port=trio.dns, timeout=5)
    assert reply.rcode() == dns.rcode.REFUSED


def test_secondaries_follow_what_time_alone_changes(trio: Trio) -> None:
    """The weight of a new endpoint rises by itself: the serial rises with it, so its last weight arrives everywhere."""
    until(trio.are_level, "both secondaries have the empty zones", 60)
    connection = http.client.HTTPConnection("127.0.0.1", trio.admin, timeout=20)
    ports = {"ports": {"http": 80}}
    for path, body in (
        ("", {"slow_start_seconds": 2}),
        ("/endpoints/a", {"address": "10.0.0.1", "weight": 1000, **ports}),
    ):
        connection.request(
            "PUT", f"/v1/namespaces/default/services/web{path}", json.dumps(body), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        text = response.read()
        assert response.status == 201, text
    connection.close()
    for host in ("127.0.0.1", NSD, KNOT):
        until(lambda host=host: weight(trio, host) == 1000, f"{host} gives the whole weight", 60)


def weight(trio: Trio, host: str) -> int:
    """What the one SRV record of the service says; -1 while there is none."""
    query = dns.message.make_query("_http._tcp.web.default.svc.cluster.local", "SRV")
    try:
        reply = dns.query.udp(query, host, port=trio.ports[host], timeout=1)
    except (dns.exception.Timeout, OSError):
        return -1
    return int(reply.answer[0][0].weight) if reply.answer else -1
