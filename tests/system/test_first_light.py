"""The main job, end to end: two replicas on one Redis, real HTTP servers, real resolvers, real losses."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from room import Room, require
from waiting import until

pytestmark = pytest.mark.timeout(170)

REPLICAS = {"127.0.0.1": 8053, "127.0.0.2": 8054}
SERVERS = {"one": ("10.77.0.1", 8081), "two": ("10.77.0.2", 8082), "three": ("10.77.0.3", 8083)}
NAME = "gin-demo.default.svc.cluster.local"
LEASE_SECONDS = int(os.environ.get("DNSD_TEST_LEASE_SECONDS", "3"))
"""A fifth of the default, so that the test does not wait for it; every bound below is in terms of it."""
PING_SERVER = """
import http.server, sys
class Ping(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ping" else 404)
        self.end_headers()
        self.wfile.write(b"pong from %d" % self.server.server_port)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Ping).serve_forever()
"""
"""What stands behind the name: answers /ping, in the way of a demo server."""


class Stage:
    """Redis, two replicas of dnsd on port 53, and HTTP servers registered through ``dnsd run``."""

    def __init__(self, room: Room, dnsd: list[str], folder: Path) -> None:
        self.room, self.dnsd, self.folder = room, dnsd, folder
        self.program = folder / "ping.py"
        self.program.write_text(PING_SERVER)
        for address, _ in [*SERVERS.values(), ("10.77.0.4", 0)]:
            room.run("ip", "address", "add", f"{address}/32", "dev", "lo")
        self.redis = self._start_redis()
        self.replicas = {dns: self._start_replica(dns, admin) for dns, admin in REPLICAS.items()}
        for dns in REPLICAS:
            until(lambda dns=dns: "ready" in room.log(f"dnsd-{dns}"), f"replica {dns} is ready")
        self.servers = {name: self.start_server(name, *place) for name, place in SERVERS.items()}

    def _start_redis(self) -> subprocess.Popen[str]:
        socket = str(self.folder / "redis.sock")
        options = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        started = self.room.start("redis", "redis-server", *options)
        until(lambda: Path(socket).exists(), "Redis listens")
        return started

    def _start_replica(self, dns: str, admin: int) -> subprocess.Popen[str]:
        flags = ["--dns", f"{dns}:53", "--admin", f"127.0.0.1:{admin}", "--redis", f"unix://{self.folder}/redis.sock"]
        state = str(self.folder / f"state-{dns}")
        return self.room.start(
            f"dnsd-{dns}", *self.dnsd, "serve", *flags, "--state-dir", state, "--replica", f"replica-{dns}"
        )

    def start_server(self, name: str, address: str, port: int) -> subprocess.Popen[str]:
        words = ["run", "--service", "gin-demo", "--id", name, "--address", address, "--port", f"http={port}"]
        serve = ["--lease", str(LEASE_SECONDS), "--", self.dnsd[0], str(self.program), address, str(port)]
        return self.room.start(f"server-{name}", *self.dnsd, *words, *serve, DNSD_SERVER=self.admins())

    def admins(self) -> str:
        return ",".join(f"http://127.0.0.1:{admin}" for admin in REPLICAS.values())

    def dig(self, name: str, rtype: str, at: str, *flags: str) -> set[str]:
        return set(self.room.run("dig", f"@{at}", "+short", "+tries=1", *flags, name, rtype).split("\n")) - {""}

    def addresses(self, at: str) -> set[str]:
        return self.dig(NAME, "A", at)

    def has(self, *names: str) -> bool:
        """True when both replicas answer with exactly the servers of these names."""
        expected = {SERVERS[name][0] if name in SERVERS else name for name in names}
        return all(self.addresses(at) == expected for at in REPLICAS)


@pytest.fixture
def stage(room: Room, dnsd: list[str], tmp_path: Path) -> Stage:
    require("redis-server", "dig", "kdig", "curl", "getent")
    return Stage(room, dnsd, tmp_path)


def test_registered_servers_are_found_and_lost_ones_vanish(stage: Stage) -> None:
    """Issue 2's main job: appear, be found by every client through either replica, vanish in time, outlive Redis."""
    appeared = until(lambda: stage.has("one", "two", "three"), "three servers are answered by both replicas")
    assert_everybody_finds_them(stage)
    vanished = assert_it_vanishes_without_a_goodbye(stage, "one")
    drained = assert_a_drain_is_in_all_answers(stage, "two")
    came = assert_another_is_answered_by_both(stage)
    assert_answers_outlive_redis(stage)
    print(f"\nappeared {appeared:.2f} s, vanished {vanished:.2f} s (lease {LEASE_SECONDS} s), ", end="")
    print(f"drained {drained:.2f} s, new one on both replicas {came:.2f} s")


def assert_everybody_finds_them(stage: Stage) -> None:
    every_address = {address for address, _ in SERVERS.values()}
    ask = "import socket; print(socket.gethostbyname('gin-demo')); print(*socket.gethostbyname_ex('gin-demo')[2])"
    for at in REPLICAS:
        first, *rest = stage.room.run(stage.dnsd[0], "-c", ask, nameserver=at).split()
        assert first in every_address
        assert set(rest) == every_address
        hosts = stage.room.run("getent", "ahosts", "gin-demo.default", nameserver=at)
        assert set(re.findall(r"10\.77\.0\.\d", hosts)) == every_address
        for _, port in SERVERS.values():
            said = stage.room.run("curl", "-sS", "--max-time", "5", f"http://{NAME}:{port}/ping", nameserver=at)
            assert said == f"pong from {port}"
        records = stage.dig(f"_http._tcp.{NAME}", "SRV", at)
        assert records == {f"0 100 {port} {name}.{NAME}." for name, (_, port) in SERVERS.items()}
        by_tcp = stage.room.run("kdig", f"@{at}", "+tcp", "+short", NAME, "SRV").split("\n")
        assert set(by_tcp) - {""} == records


def assert_it_vanishes_without_a_goodbye(stage: Stage, name: str) -> float:
    os.killpg(stage.servers[name].pid, signal.SIGKILL)
    took = until(lambda: stage.has("two", "three"), f"{name} is gone from both replicas")
    assert took <= LEASE_SECONDS + 2
    return took


def assert_a_drain_is_in_all_answers(stage: Stage, name: str) -> float:
    admin = f"http://127.0.0.1:{REPLICAS['127.0.0.1']}"
    start = time.monotonic()
    told = stage.room.run(
        *stage.dnsd, "drain", "--server", admin, "--service", "gin-demo", "--id", name, "--output", "json"
    )
    assert stage.has("three"), "a drain that returned is in both replicas' answers"
    took = time.monotonic() - start
    assert set(json.loads(told)["applied"]) == {f"replica-{at}" for at in REPLICAS}
    assert json.loads(told)["pending"] == []
    return took


def assert_another_is_answered_by_both(stage: Stage) -> float:
    body = json.dumps({"address": "10.77.0.4", "ports": {"http": 8084}, "lease_seconds": None})
    url = f"http://127.0.0.1:{REPLICAS['127.0.0.2']}/v1/namespaces/default/services/gin-demo/endpoints/four"
    stage.room.run("curl", "-sSf", "-X", "PUT", url, "-H", "content-type: application/json", "-d", body)
    took = until(lambda: stage.has("three", "10.77.0.4"), "both replicas answer the new one", 1.0)
    assert took <= 1.0
    return took


def assert_answers_outlive_redis(stage: Stage) -> None:
    before = {at: stage.dig(NAME, "SRV", at) for at in REPLICAS}
    os.killpg(stage.redis.pid, signal.SIGKILL)
    stage.redis.wait(10)
    end = time.monotonic() + 2 * LEASE_SECONDS + 2
    asked = 0
    while time.monotonic() < end:
        for at in REPLICAS:
            assert stage.dig(NAME, "SRV", at) == before[at]
            asked += 1
        time.sleep(0.2)
    assert asked > 10
