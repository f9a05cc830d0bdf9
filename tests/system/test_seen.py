"""What a whole replica lets be seen: a log of JSON lines, a sample of questions in it, its leases among the metrics."""

import http.client
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import until

from dnsd.codec.wire import query_packet
from dnsd.model.message import RRType
from dnsd.model.names import name_from_text

NAME = "web.default.svc.cluster.local"


def called(admin: str, method: str, path: str, body: object = None) -> str:
    """The body of a reply that is a success."""
    host, _, port = admin.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    try:
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read().decode()
    finally:
        connection.close()
    assert reply.status in (200, 201), text
    return text


def ask(dns: str) -> None:
    """One question, and its answer."""
    host, _, port = dns.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(20)
        asking.sendto(query_packet(7, name_from_text(NAME), RRType.A, payload=None), (host, int(port)))
        assert asking.recv(4096).endswith(bytes((192, 0, 2, 1)))


@pytest.mark.parametrize("workers", ["0", "1"])
def test_json_lines_a_logged_question_and_the_leases(tmp_path: Path, workers: str) -> None:
    words = ["serve", "--dns", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state-dir", str(tmp_path / "state")]
    words += ["--workers", workers, "--lame-duck-seconds", "0", "--log-format", "json", "--query-log", "1"]
    log = tmp_path / "log"
    with log.open("w") as errors:
        command = [sys.executable, "-m", "dnsd", *words]
        served = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert served.stdout is not None
    try:
        ready = re.search(r"dns (\S+), admin http://(\S+)", served.stdout.readline())
        assert ready, log.read_text()
        dns, admin = ready.groups()
        called(admin, "PUT", "/v1/namespaces/default/services/web/endpoints/a", {"address": "192.0.2.1"})
        ask(dns)
        until(lambda: f'"name": "{NAME}."' in log.read_text(), "the question is logged")
        until(lambda: "dnsd_leases 1.0" in called(admin, "GET", "/metrics"), "the lease is counted")
        metrics = called(admin, "GET", "/metrics")
        assert "dnsd_self_preservation 0.0" in metrics
        assert "dnsd_held_endpoints 0.0" in metrics
    finally:
        served.terminate()
        served.wait(20)
        served.stdout.close()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    [question] = [line for line in lines if line["logger"] == "dnsd.queries"]
    assert (question["client"], question["type"], question["rcode"]) == ("127.0.0.1", "A", "NOERROR")
