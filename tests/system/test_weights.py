"""One registered weight counts everywhere: in the first position of A, AAAA and SRV, and behind a real HAProxy."""

import http.client
import http.server
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ports import free_port
from room import require
from waiting import until

from dnsd.codec.wire import query_packet
from dnsd.model.message import RRType
from dnsd.model.names import name_from_text

DRAWS = 3000
CHI_SQUARE_MOST = 27.6
"""Two degrees of freedom, p = 1e-6: a right server fails one run in a million."""
NAME = "web.default.svc.cluster.local"
SRV_NAME = f"_http._tcp.{NAME}"


class Served:
    """A whole ``dnsd serve`` with a process for DNS."""

    def __init__(self, folder: Path) -> None:
        self.dns, self.admin = free_port(), free_port()
        words = ["serve", "--dns", f"127.0.0.1:{self.dns}", "--admin", f"127.0.0.1:{self.admin}"]
        words += ["--lame-duck-seconds", "0"]
        self.log = folder / "log"
        with self.log.open("w") as log:
            command = [sys.executable, "-m", "dnsd", *words, "--state-dir", str(folder / "state")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: "ready" in self.log.read_text(), "dnsd serve is ready", 30)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", self.dns))
        self.socket.settimeout(10)

    def call(self, method: str, path: str, body: object) -> Any:
        url = f"http://127.0.0.1:{self.admin}/v1/namespaces/default/services/web{path}"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def firsts(self, name: str, rtype: RRType, start: int, stop: int) -> Counter[int]:
        """How often each number stands in these octets of the first record's data."""
        packet = query_packet(7, name_from_text(name), rtype, payload=None)
        found: Counter[int] = Counter()
        for _ in range(DRAWS):
            self.socket.send(packet)
            data = self.socket.recv(4096)[len(packet) + 12 :]
            found[int.from_bytes(data[start:stop], "big")] += 1
        return found

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.close()


def chi_square(found: Counter[int], weights: dict[int, int]) -> float:
    whole = sum(weights.values())
    assert set(found) <= {number for number, weight in weights.items() if weight}
    expected = {number: DRAWS * weight / whole for number, weight in weights.items() if weight}
    return sum((found[number] - wanted) ** 2 / wanted for number, wanted in expected.items())


def test_shares_follow_the_weights_and_a_patch_moves_them_at_once(served: Served) -> None:
    for number, weight in {1: 50, 2: 150, 3: 300}.items():
        addresses = [f"192.0.2.{number}", f"2001:db8::{number}"]
        body = {"addresses": addresses, "ports": {"http": 8000 + number}, "weight": weight}
        assert served.call("PUT", f"/endpoints/n{number}", body)["visible"]
    figures = _chi_squares(served, {1: 50, 2: 150, 3: 300})
    assert served.call("PATCH", "/endpoints/n1", {"weight": 700})["visible"]
    figures |= {f"{kind}, patched": value for kind, value in _chi_squares(served, {1: 700, 2: 150, 3: 300}).items()}
    print(f"\nchi-square of {DRAWS} draws, 2 degrees of freedom: {figures}")
    assert max(figures.values()) < CHI_SQUARE_MOST
    served.call("PATCH", "/endpoints/n1", {"weight": 0})
    assert 1 not in served.firsts(NAME, RRType.A, 3, 4)


def _chi_squares(served: Served, weights: dict[int, int]) -> dict[str, float]:
    ports = {8000 + number: weight for number, weight in weights.items()}
    return {
        "A": round(chi_square(served.firsts(NAME, RRType.A, 3, 4), weights), 2),
        "AAAA": round(chi_square(served.firsts(NAME, RRType.AAAA, 15, 16), weights), 2),
        "SRV": round(chi_square(served.firsts(SRV_NAME, RRType.SRV, 4, 6), ports), 2),
    }


@pytest.mark.long
def test_slow_start_by_the_real_clock(served: Served) -> None:
    """The share of a new endpoint beside an old one of the same weight, from its first second to after the last."""
    seconds = 10
    served.call("PUT", "", {"slow_start_seconds": seconds})
    served.call("PUT", "/endpoints/n1", {"address": "192.0.2.1", "ports": {"http": 8001}, "lease_seconds": None})
    time.sleep(seconds + 3)  # it was new, too
    served.call("PUT", "/endpoints/n2", {"address": "192.0.2.2", "ports": {"http": 8002}, "lease_seconds": None})
    began, shares = time.monotonic(), []
    while not shares or shares[-1][0] < seconds + 5:
        found = served.firsts(NAME, RRType.A, 3, 4)
        shares.append((round(time.monotonic() - began, 1), round(found[2] / DRAWS, 3)))
        time.sleep(0.5)
    print(f"\nseconds since it came, and its share of first positions: {shares}")
    # Of 100, its weight is a tenth for each second that has passed, never more: of both, so much.
    assert all(share < elapsed / (elapsed + seconds) + 0.05 for elapsed, share in shares if elapsed < seconds)
    assert shares[0][1] < shares[-1][1]
    assert 0.45 < shares[-1][1] < 0.55


def test_a_canary_behind_haproxy(served: Served, tmp_path: Path) -> None:
    """HAProxy takes (weight + 255) / 256, so weights are registered in steps of 256 (dns-behaviour)."""
    require("haproxy")
    backends = {name: Backend(name) for name in ("stable", "canary")}
    for name, weight in {"stable": 2560, "canary": 256}.items():
        body = {"address": "127.0.0.1", "ports": {"http": backends[name].port}, "weight": weight}
        served.call("PUT", f"/endpoints/{name}", body)
    port = free_port()
    file = tmp_path / "haproxy.cfg"
    file.write_text(HAPROXY.format(dns=served.dns, port=port, name=SRV_NAME))
    with (tmp_path / "haproxy.log").open("w") as log:
        proxy = subprocess.Popen(["haproxy", "-db", "-f", str(file)], stdout=log, stderr=log)
    try:
        until(lambda: share(port, 110) == {"stable": 100, "canary": 10}, "one request of eleven goes to the canary", 30)
        served.call("PATCH", "/endpoints/canary", {"weight": 2560})
        until(lambda: share(port) == {"stable": 50, "canary": 50}, "half of them do", 30)
        served.call("PATCH", "/endpoints/canary", {"weight": 0})
        until(lambda: share(port) == {"stable": 100}, "none does", 30)
        assert share(port) == {"stable": 100}
    finally:
        proxy.terminate()
        proxy.wait(10)
        for backend in backends.values():
            backend.close()


HAPROXY = """
global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
resolvers dnsd
    nameserver one 127.0.0.1:{dns}
    accepted_payload_size 1232
    timeout resolve 200ms
    timeout retry 500ms
    hold valid 200ms
    hold obsolete 0s
listen web
    bind 127.0.0.1:{port}
    balance roundrobin
    server-template web 4 {name} resolvers dnsd resolve-prefer ipv4 init-addr none
"""


def share(port: int, requests: int = 100) -> dict[str, int]:
    """Who answered how many of so many requests; {} while the proxy has nobody to ask."""
    found: Counter[str] = Counter()
    for _ in range(requests):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            found[response.read().decode()] += response.status == 200
        except OSError:
            return {}
        finally:
            connection.close()
    return dict(found)


class Backend:
    """An HTTP server that says its name."""

    def __init__(self, name: str) -> None:
        class Named(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(name.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Named)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()
