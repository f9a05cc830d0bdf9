"""DNS over TLS and over HTTPS as a whole: judged by kdig and curl, on a dnsd that runs."""

import shutil
import signal
import socket
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import NamedTuple

import dns.message
import pytest
from app.conftest import Running, serving
from certificates import Authority, Pair
from ports import free_port
from room import require
from waiting import until

pytestmark = pytest.mark.timeout(120)
NAME = "web.default.svc.cluster.local"


class Served(NamedTuple):
    """A dnsd with both doors: its process, its DoT and DoH ports, and the files of its certificate."""

    running: Running
    dot: int
    doh: int
    pair: Pair


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=["0", "1"], scope="module")
def served(request, authority, tmp_path_factory):
    """One for all tests of this file, in one process and in several."""
    pair = signed(authority, f"dns-{request.param}")
    dot, doh = free_port(), free_port()
    flags = ["--dot", f"127.0.0.1:{dot}", "--doh", f"127.0.0.1:{doh}", "--workers", request.param]
    with serving(tmp_path_factory.mktemp("served")) as serve:
        running = serve(*flags, "--dns-tls-cert", pair.certificate, "--dns-tls-key", pair.key)
        running.register(1)
        # The encrypted doors follow the mirror; the answer of the other door came at once.
        until(lambda: kdig(dot, authority.certificate) == ["192.0.2.1"], "the encrypted door answers")
        yield Served(running, dot, doh, pair)


def signed(authority, name):
    """A certificate for the doors, in files called ``name``, its subject too."""
    return authority.sign(name, f"/CN={name}", "IP:127.0.0.1", "DNS:localhost")


def kdig(port, authority, *more):
    require("kdig")
    words = ["kdig", "@127.0.0.1", "-p", str(port), f"+tls-ca={authority}", "+tls-hostname=localhost", "+short", NAME]
    return subprocess.run([*words, *more], capture_output=True, text=True, timeout=30, check=False).stdout.split()


def subject(port, authority):
    """The common name of the certificate that a door shows."""
    context = ssl.create_default_context(cafile=authority)
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        certificate = tls.getpeercert()
        return dict(pair for names in certificate["subject"] for pair in names)["commonName"]


def test_kdig_and_curl_find_the_service(served, authority):
    require("curl")
    _, dot, doh, _ = served
    assert kdig(dot, authority.certificate) == ["192.0.2.1"]
    padded = kdig(dot, authority.certificate, "+noshort", "+all", "+padding=128")
    assert "468 B" in " ".join(padded), padded
    words = ["curl", "-sv", "--max-time", "5", "--connect-timeout", "1", "--cacert", authority.certificate]
    asked = subprocess.run(
        [*words, "--doh-url", f"https://localhost:{doh}/dns-query", f"http://{NAME}:9/"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "DoH A: 192.0.2.1" in asked.stderr


def test_a_renewed_certificate_is_shown_without_a_restart(served, authority):
    running, dot, doh, pair = served

    def shown():
        return {subject(port, authority.certificate) for port in (dot, doh)}

    assert shown() == {Path(pair.certificate).stem}
    renewed = signed(authority, "renewed")
    shutil.copy(renewed.key, pair.key)
    shutil.copy(renewed.certificate, pair.certificate)
    running.process.send_signal(signal.SIGHUP)
    until(lambda: shown() == {"renewed"}, "the new one is shown")
    assert kdig(dot, authority.certificate) == ["192.0.2.1"]


def test_what_was_asked_there_is_counted(served):
    running, *_ = served
    with urllib.request.urlopen(f"{running.admin}/metrics", timeout=10) as response:
        assert 'dnsd_dns_requests_total{qtype="A",transport="tls"}' in response.read().decode()


def test_what_is_forwarded_there_is_counted(serve, authority):
    pair = signed(authority, "forwarding")
    dot, nobody = free_port(), free_port()
    certificate = ["--dns-tls-cert", pair.certificate, "--dns-tls-key", pair.key]
    running = serve("--dot", f"127.0.0.1:{dot}", *certificate, "--forward", f"127.0.0.1:{nobody}")
    running.register(1)
    until(lambda: kdig(dot, authority.certificate) == ["192.0.2.1"], "the encrypted door answers")
    kdig(dot, authority.certificate, "www.example.org")
    with urllib.request.urlopen(f"{running.admin}/metrics", timeout=10) as response:
        told = [line for line in response.read().decode().splitlines() if line.startswith("dnsd_forward_t")]
    assert [line for line in told if line.startswith("dnsd_forward_told_total{")], told
    assert [line for line in told if line.startswith("dnsd_forward_tries_total{")], told


def test_kdig_asks_by_http_2(served, authority):
    """RFC 8484 5.2: "HTTP/2 [RFC7540] is the minimum RECOMMENDED version of HTTP for use with DoH." """
    doh = served.doh
    for way, method in (("+https", "POST"), ("+https-get", "GET")):
        shown = kdig_https(doh, authority.certificate, way)
        assert f"HTTP session (HTTP/2-{method})" in shown
        assert "(status: 200)" in shown
        assert f"{NAME}.\t5\tIN\tA\t192.0.2.1" in shown


def kdig_https(port, authority, *ways):
    require("kdig")
    words = ["kdig", "@127.0.0.1", "-p", str(port), *ways, f"+tls-ca={authority}", "+tls-hostname=localhost", NAME]
    return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False).stdout


def curl_https(port, authority, packet, *ways):
    """The reply to a message by curl, and which HTTP brought it."""
    require("curl")
    words = ["curl", "-sS", "--max-time", "20", "--cacert", authority, *ways, "--data-binary", "@-"]
    words += ["-H", "content-type: application/dns-message", "-w", "%{stderr}%{http_version}"]
    words.append(f"https://localhost:{port}/dns-query")
    done = subprocess.run(words, input=packet, capture_output=True, timeout=30, check=False)
    return done.stdout, done.stderr.decode()


def test_https_gives_the_octets_that_udp_gives(served, authority):
    running, _, doh, _ = served
    for name, rtype in [(NAME, "A"), (NAME, "SRV"), (NAME, "AAAA"), (f"no.{NAME}", "A"), ("cluster.local", "SOA")]:
        packet = dns.message.make_query(name, rtype, use_edns=False).to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(10)
            udp.sendto(packet, (running.host, running.port))
            plain = udp.recv(4096)
        assert curl_https(doh, authority.certificate, packet, "--http2") == (plain, "2")
        assert curl_https(doh, authority.certificate, packet, "--http1.1") == (plain, "1.1")
    with urllib.request.urlopen(f"{running.admin}/metrics", timeout=10) as response:
        assert 'dnsd_dns_requests_total{qtype="SRV",transport="https"} 2.0' in response.read().decode()


def test_without_its_package_https_is_http_1_1(serve, authority, tmp_path):
    pair = signed(authority, "dns")
    (tmp_path / "h2").mkdir()
    (tmp_path / "h2/__init__.py").write_text('raise ModuleNotFoundError("No module named \'h2\'", name="h2")\n')
    doh = free_port()
    certificate = ["--dns-tls-cert", pair.certificate, "--dns-tls-key", pair.key]
    running = serve("--doh", f"127.0.0.1:{doh}", *certificate, PYTHONPATH=str(tmp_path))
    running.register(1)
    packet = dns.message.make_query(NAME, "A").to_wire()
    until(lambda: b"\xc0\0\x02\x01" in curl_https(doh, authority.certificate, packet)[0], "the encrypted door answers")
    assert curl_https(doh, authority.certificate, packet, "--http2")[1] == "1.1"
    assert "NOERROR" not in kdig_https(doh, authority.certificate, "+https")
    assert "pip install 'dnsd[doh]'" in running.log()
