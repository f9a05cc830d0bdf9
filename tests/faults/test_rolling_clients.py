"""Issue 5, 7: a rolling restart of the programs behind an HAProxy that finds them by SRV loses no request, because
``dnsd run`` drains first; and what the same restart loses without that."""

import http.client
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.replica import ROOT, Replica, until
from ports import free_port
from room import require

pytestmark = pytest.mark.timeout(300)

NUMBERS = (1, 2, 3)
CLIENTS = 4
THINK_SECONDS = 0.01
TTL_SECONDS = 2
"""Longer than HAProxy waits between two questions, which is what it does instead of looking at a TTL."""
SETTINGS = """
global
    maxconn 200
defaults
    mode http
    retries 0
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    option http-server-close
resolvers dnsd
    nameserver one 127.0.0.1:{dns}
    accepted_payload_size 1232
    timeout resolve 500ms
    timeout retry 500ms
    hold valid 500ms
    hold obsolete 0s
listen web
    bind 127.0.0.1:{port}
    balance roundrobin
    server-template web 6 _http._tcp.web.default.svc.cluster.local resolvers dnsd resolve-prefer ipv4 init-addr none
"""
PROGRAM = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Named(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.02)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(sys.argv[1].encode())

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Named).serve_forever()
"""
"""A program that knows nothing of draining: SIGTERM ends it in the middle of whatever it does."""


class Program:
    """One of the programs, under ``dnsd run``."""

    def __init__(self, replica: Replica, number: int, folder: Path) -> None:
        self.name, self.port = f"web-{number}", free_port()
        words = ["run", "--server", replica.url, "--service", "web", "--id", self.name, "--address", "127.0.0.1"]
        words += ["--port", f"http={self.port}", "--drain-seconds", "{}", "--", sys.executable, "-c", PROGRAM]
        self._words = [sys.executable, "-m", "dnsd", *words, self.name, str(self.port)]
        self._log = folder / self.name

    def start(self, drain_seconds: float) -> None:
        command = [word.format(drain_seconds) if word == "{}" else word for word in self._words]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


class Load(threading.Thread):
    """A client of the proxy, one request after the other, each on a connection of its own."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.outcomes: Counter[str] = Counter()
        self.ending = threading.Event()
        self._port = port

    def run(self) -> None:
        while not self.ending.wait(THINK_SECONDS):
            self.outcomes[ask(self._port)] += 1


def ask(port: int) -> str:
    """Who answered; else a status or a fault."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/")
        reply = connection.getresponse()
        return reply.read().decode() if reply.status == 200 else str(reply.status)
    except (OSError, http.client.HTTPException) as fault:
        return type(fault).__name__
    finally:
        connection.close()


class Stage:
    """A replica, three programs and the proxy in front of them."""

    def __init__(self, replica: Replica, folder: Path) -> None:
        status, _ = replica.call("PUT", "/v1/namespaces/default/services/web", {"ttl_seconds": TTL_SECONDS})
        assert status == 201
        self.replica, self.port = replica, free_port()
        self.programs = [Program(replica, number, folder) for number in NUMBERS]
        file = folder / "haproxy.cfg"
        file.write_text(SETTINGS.format(dns=replica.dns[1], port=self.port))
        with (folder / "haproxy.log").open("wb") as log:
            self._proxy = subprocess.Popen(["haproxy", "-db", "-f", str(file)], stdout=log, stderr=log)

    def restart_in_turn(self, drain_seconds: float) -> Counter[str]:
        """All programs one after the other, under load: who answered, and what failed."""
        clients = [Load(self.port) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for program in self.programs:
                program.end()
                program.start(drain_seconds)
                self.wait_for(program.name)
        finally:
            for client in clients:
                client.ending.set()
                client.join()
        return sum((client.outcomes for client in clients), Counter())

    def wait_for(self, *names: str) -> None:
        """Until the proxy sends requests to each of these."""
        waited = set(names)
        until(lambda: not waited.difference(ask(self.port) for _ in range(12)), f"{names} get requests", 60)
        time.sleep(0.2)

    def close(self) -> None:
        for program in self.programs:
            program.end()
        self._proxy.terminate()
        self._proxy.wait(20)


@pytest.fixture
def stage(make_server, make_replica, tmp_path) -> Iterator[Stage]:
    require("haproxy")
    made = Stage(make_replica(make_server("redis").url), tmp_path)
    for program in made.programs:
        program.start(drain_seconds=20)
    try:
        made.wait_for(*(program.name for program in made.programs))
        yield made
    finally:
        made.close()


def test_programs_restarted_in_turn_behind_haproxy_lose_no_request(stage):
    """Issue 5, 7: 0 failed requests with the drain of ``dnsd run``; without it requests meet a program that is gone."""
    names = {program.name for program in stage.programs}
    drained = stage.restart_in_turn(drain_seconds=0)  # each is started anew without a drain at its end, for below
    undrained = stage.restart_in_turn(drain_seconds=0)
    failed = {what: number for what, number in undrained.items() if what not in names}
    print(
        f"\nwith drain {dict(drained)}; without, {sum(failed.values())} of {sum(undrained.values())} failed: {failed}"
    )
    assert set(drained) == names
    assert all(drained[name] > 20 for name in names)
    assert failed
