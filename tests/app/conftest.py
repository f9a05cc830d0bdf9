"""A real ``dnsd serve`` on ports of its own, and what a test may ask of it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import dns.message
import dns.query
import pytest

DEADLINE_SECONDS = 30.0
READY = re.compile(r"dnsd ready: dns (\S+):(\d+), admin (http://\S+) — try: (dig .*)")


def until(condition, seconds=DEADLINE_SECONDS):
    """Ask until it is true; returns what made it so."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)
    return found


class Running:
    """One replica: its process, where it serves, and its children."""

    def __init__(self, folder, *flags, **environ):
        self.folder = folder
        self.errors = folder / f"errors-{len(list(folder.glob('errors-*')))}"
        command = [sys.executable, "-m", "dnsd", "serve", "--dns", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        command += ["--state-dir", str(folder / "state"), "--lame-duck-seconds", "0.3", *flags]
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "XDG_RUNTIME_DIR": str(folder), **environ},
            )
        self.line = self.process.stdout.readline()
        match = READY.match(self.line)
        assert match, f"{self.line!r}\n{self.log()}"
        self.host, self.port, self.admin, self.dig = match[1], int(match[2]), match[3], match[4]

    until = staticmethod(until)

    def log(self):
        return self.errors.read_text()

    def ask(self, name, rtype, seconds=2.0):
        """The answer over UDP."""
        query = dns.message.make_query(name, rtype, use_edns=True, payload=4096)
        return dns.query.udp(query, self.host, timeout=seconds, port=self.port)

    def answers(self, name, rtype):
        """Text of the answer's records, sorted."""
        return sorted(str(record) for rrset in self.ask(name, rtype).answer for record in rrset)

    def call(self, method, path, body=None):
        """Status and JSON of an admin call; (0, None) when nobody listens."""
        request = urllib.request.Request(self.admin + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)
        except OSError:
            return 0, None

    def register(self, number, service="web", **more):
        value = {"address": f"192.0.2.{number}", "ports": {"http": 8080}, "lease_seconds": None, **more}
        return self.call("PUT", f"/v1/namespaces/default/services/{service}/endpoints/{service}-{number}", value)

    def child(self, word):
        """The process id of the child whose command line has this word, None while there is none."""
        for pid in children_of(self.process.pid):
            with suppress(OSError):
                if word in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
                    return pid
        return None

    def kill_child(self, word):
        """End a child with SIGKILL and wait until another one stands in its place."""
        old = self.child(word)
        os.kill(old, signal.SIGKILL)
        return until(lambda: (new := self.child(word)) not in (None, old) and new)

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_SECONDS)
        self.process.stdout.close()


def children_of(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in listed.read_text().split()] if listed.exists() else []


@contextmanager
def serving(folder):
    """Starts replicas with these flags in ``folder``; all are ended with the block."""
    started = []

    def start(*flags, **environ):
        started.append(Running(folder, *flags, **environ))
        return started[-1]

    try:
        yield start
    finally:
        for running in started:
            running.close()


@pytest.fixture
def serve(tmp_path):
    """The same for one test."""
    with serving(tmp_path) as start:
        yield start


@pytest.fixture
def store_server(make_server):
    """A Redis that is not ours."""
    return make_server("redis")
