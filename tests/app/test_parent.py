"""Replicas of several processes, for real: what they answer, and what they survive."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import dns.exception
import dns.rcode
import pytest
from room import require_precedence

NAME = "web.default.svc.cluster.local."
ANY_PORT = {"DNSD_DNS": "127.0.0.1:0", "DNSD_ADMIN": "127.0.0.1:0"}
HEAVY = "{'aiohttp', 'redis', 'valkey', 'pydantic', 'yaml', 'prometheus_client', 'dnslib'}"


class Probe(threading.Thread):
    """Asks for a name fifty times a second and keeps what was not the right answer."""

    def __init__(self, running, expected):
        super().__init__()
        self.running, self.expected = running, expected
        self.asked, self.wrong, self.unanswered = 0, [], 0
        self._over = threading.Event()

    def run(self):
        while not self._over.wait(0.02):
            self.asked += 1
            try:
                answer = self.running.ask(NAME, "A", seconds=1.0)
            except (dns.exception.Timeout, OSError):
                self.unanswered += 1
                continue
            addresses = sorted(str(record) for rrset in answer.answer for record in rrset)
            if answer.rcode() != dns.rcode.NOERROR or addresses != self.expected:
                self.wrong.append(answer.to_text())

    def end(self):
        self._over.set()
        self.join()


@pytest.fixture
def probe():
    """Starts probes; all are ended after the test."""
    started = []

    def start(running, expected):
        started.append(Probe(running, expected))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        each.end()


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def imported_by(modules):
    """The heavy packages that come with these modules."""
    code = f"import sys, {modules}; print(*sorted({HEAVY} & {{name.partition('.')[0] for name in sys.modules}}))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_a_parent_imports_nothing_heavy():
    assert imported_by("dnsd.cli.main, dnsd.cli.serve, dnsd.app.parent") == []


def test_a_responder_imports_neither_http_nor_redis():
    assert set(imported_by("dnsd.app.child, dnsd.app.responder")) <= {"dnslib"}


@pytest.mark.parametrize("workers", ["0", "1", "2"])
def test_what_is_registered_is_found_by_name_address_and_port(serve, workers):
    running = serve("--workers", workers)
    body = {"address": "192.0.2.10", "ports": {"http": 8080}, "lease_seconds": 30}
    status, written = running.call("PUT", "/v1/namespaces/default/services/web/endpoints/web-1", body)
    assert (status, written["visible"]) == (201, True)
    assert running.answers(NAME, "A") == ["192.0.2.10"]
    assert running.answers(NAME, "SRV") == ["0 100 8080 web-1.web.default.svc.cluster.local."]
    assert running.answers(f"_http._tcp.{NAME}", "SRV") == ["0 100 8080 web-1.web.default.svc.cluster.local."]
    told = subprocess.run(running.dig.split(), capture_output=True, text=True, check=True, timeout=10).stdout
    assert told == '"1.1.0"\n'  # the line to try works as it is printed
    status, ready = running.call("GET", "/readyz")
    assert (status, ready["degraded"]) == (200, False)
    assert running.stop() == 0


@pytest.mark.parametrize("workers", ["0", "1"])
def test_another_store_by_url(serve, store_server, workers):
    running = serve("--workers", workers, "--redis", store_server.url)
    assert running.register(1)[0] == 201
    assert running.answers(NAME, "A") == ["192.0.2.1"]
    assert running.child("-server") is None
    assert not (running.folder / "state" / "store").exists()


def test_two_replicas_of_one_store_answer_alike(serve, store_server):
    one, other = (serve("--redis", store_server.url, "--replica", name) for name in ("one", "other"))
    assert one.register(1)[0] == 201
    one.until(lambda: other.answers(NAME, "A") == ["192.0.2.1"])


def test_answers_go_on_while_each_part_is_killed_and_comes_back(serve, probe):
    running = serve("--workers", "2")
    running.register(1)
    probing = probe(running, ["192.0.2.1"])
    running.kill_child("-server")
    running.until(lambda: running.register(2, "other")[0] == 201)
    running.until(lambda: running.answers("other.default.svc.cluster.local.", "A") == ["192.0.2.2"])
    running.kill_child("control")
    running.until(lambda: running.register(3, "other")[0] == 201)
    running.until(lambda: running.answers("other.default.svc.cluster.local.", "A") == ["192.0.2.2", "192.0.2.3"])
    assert probing.wrong == []
    assert probing.unanswered == 0
    running.kill_child("responder")
    running.until(lambda: running.register(4, "other")[1].get("visible"))
    asked = probing.asked
    running.until(lambda: probing.asked > asked + 25)
    probing.end()
    assert probing.wrong == []
    assert probing.unanswered <= 3  # what lay in the killed responder's socket
    assert "Traceback" not in running.log()


def test_the_only_responder_is_killed_and_what_waits_is_answered_by_the_next(serve, probe):
    running = serve()
    running.register(1)
    probing = probe(running, ["192.0.2.1"])
    running.kill_child("responder")
    running.until(lambda: running.register(2, "other")[1].get("visible"))
    probing.end()
    assert probing.wrong == []
    assert probing.unanswered <= 1


def goes_first(pid):
    return os.sched_getscheduler(pid) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR


def test_a_responder_that_is_put_before_others_goes_first_and_back_and_nobody_else_does(serve, tmp_path):
    """Neither control nor, with ``--workers 0``, who is control as well: they compute for as long as they like."""
    require_precedence()
    alone, running = serve("--workers", "0", "--state-dir", str(tmp_path / "alone")), serve("--workers", "1")
    responder = running.child("app responder")
    parts = {responder, running.child("app control"), running.process.pid, alone.process.pid}
    for pid in parts:
        os.setpriority(os.PRIO_PROCESS, pid, -5)
    running.until(lambda: any(goes_first(pid) for pid in parts))
    assert [pid for pid in parts if goes_first(pid)] == [responder]
    assert running.register(1)[1]["visible"]
    assert running.answers(NAME, "A") == ["192.0.2.1"]
    os.setpriority(os.PRIO_PROCESS, responder, 0)
    running.until(lambda: not goes_first(responder))


def test_registrations_outlive_a_restart_of_the_whole(serve):
    first = serve()
    first.register(1)
    assert first.stop() == 0
    assert serve().answers(NAME, "A") == ["192.0.2.1"]


def test_it_leaves_in_order(serve, probe):
    running = serve("--lame-duck-seconds", "1")
    running.register(1)
    store = running.child("-server")
    probing = probe(running, ["192.0.2.1"])
    running.process.send_signal(signal.SIGTERM)
    running.until(lambda: running.call("GET", "/readyz")[0] == 503)
    asked = probing.asked
    running.until(lambda: probing.asked > asked + 10)
    assert (probing.wrong, probing.unanswered) == ([], 0)
    assert running.process.poll() is None
    assert running.process.wait(20) == 0
    assert is_gone(store)
    assert "Traceback" not in running.log()


def test_a_second_signal_ends_it_at_once(serve):
    running = serve("--lame-duck-seconds", "60")
    children = [running.child(word) for word in ("control", "responder", "-server")]
    running.process.send_signal(signal.SIGTERM)
    running.until(lambda: running.call("GET", "/readyz")[0] == 503)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(5) == 1
    running.until(lambda: all(map(is_gone, children)))


def test_nobody_outlives_a_parent_that_was_killed(serve):
    running = serve("--workers", "2")
    children = [running.child(word) for word in ("control", "responder", "-server")]
    running.process.kill()
    running.until(lambda: all(map(is_gone, children)), 10)
    assert serve("--workers", "2").answers("dns-version.cluster.local.", "TXT") == ['"1.1.0"']


def test_a_hangup_reads_the_zones_again_without_losing_a_question(serve, probe, tmp_path):
    zones = tmp_path / "zones"
    zones.mkdir()
    zone = zones / "example.test.zone"
    zone.write_text("$TTL 60\n@ SOA ns hostmaster 1 1h 10m 7d 5\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.80\n")
    running = serve("--zones", str(zones))
    running.register(1)
    assert running.answers("www.example.test.", "A") == ["192.0.2.80"]
    probing = probe(running, ["192.0.2.1"])
    zone.write_text(zone.read_text().replace("192.0.2.80", "192.0.2.81"))
    running.process.send_signal(signal.SIGHUP)
    running.until(lambda: running.answers("www.example.test.", "A") == ["192.0.2.81"])
    zone.write_text("www A 192.0.2.300\n")
    running.process.send_signal(signal.SIGHUP)
    running.until(lambda: f"{zone}:1: " in running.log())
    assert running.answers("www.example.test.", "A") == ["192.0.2.81"]
    probing.end()
    assert (probing.wrong, probing.unanswered) == ([], 0)


def test_without_its_store_it_says_so_and_answers_servfail(serve):
    running = serve("--redis", "redis://127.0.0.1:1", "--open-within-seconds", "0.2")
    assert "ready, but the registry is not loaded yet" in running.log()
    assert running.ask(NAME, "A").rcode() == dns.rcode.SERVFAIL
    assert running.call("GET", "/readyz")[0] == 503


def test_no_secret_stands_on_a_command_line_or_in_a_childs_environment(serve, store_server):
    secret = f"{store_server.url}{'&' if '?' in store_server.url else '?'}socket_connect_timeout=7"
    running = serve(DNSD_REDIS=secret)
    for word in ("control", "responder"):
        place = Path(f"/proc/{running.child(word)}")
        assert "socket_connect_timeout" not in (place / "cmdline").read_text()
        assert "socket_connect_timeout" not in (place / "environ").read_text()
    assert "socket_connect_timeout" not in running.log()


def refused(tmp_path, *flags, **environ):
    """Exit status and error lines of a start that must fail."""
    ended = subprocess.run(
        [sys.executable, "-m", "dnsd", "serve", "--state-dir", str(tmp_path / "state"), *flags],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), **ANY_PORT, **environ},
    )
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_locked_directory_ends_it_with_one_line(serve, tmp_path, workers):
    serve()
    status, errors = refused(tmp_path, "--workers", workers)
    assert status == 1
    assert errors.count("\n") == 1
    assert "is used by another dnsd (process" in errors


@pytest.mark.parametrize("workers", ["0", "1"])
@pytest.mark.parametrize("flag", ["--dns", "--admin"])
def test_a_port_that_is_taken_ends_it_with_one_line_that_names_who_has_it(tmp_path, workers, flag):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        status, errors = refused(tmp_path, "--workers", workers, flag, f"127.0.0.1:{port}")
    assert status == 2
    assert errors.count("\n") == 1
    assert f"port {port} is taken by " in errors
    assert f"(pid {os.getpid()})" in errors


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_store_that_cannot_be_one_ends_it_with_one_line(tmp_path, workers):
    status, errors = refused(tmp_path, "--workers", workers, "--redis", "sentinel://h:1")
    assert status == 2
    assert errors.count("\n") == 1
    assert "sentinel" in errors


def test_the_watchdog_hears_of_it_until_a_part_hangs(serve, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        running = serve(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="2000000")
        told = [manager.recv(4096)]
        while b"READY=1" not in told[-1]:
            told.append(manager.recv(4096))
        assert manager.recv(4096) == b"WATCHDOG=1"
        os.kill(running.child("control"), signal.SIGSTOP)
        silent_since = time.monotonic()
        manager.settimeout(1.5)
        try:
            while time.monotonic() < silent_since + 10:
                manager.recv(4096)
        except TimeoutError:
            pass
        assert time.monotonic() < silent_since + 6
        os.kill(running.child("control"), signal.SIGCONT)
        manager.settimeout(10)
        assert manager.recv(4096) == b"WATCHDOG=1"
