"""``dnsd run`` with real programs against a real server."""

import json
import os
import signal
import socket
import subprocess
import sys
from itertools import pairwise

import pytest

LISTEN = """
import os, signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
signal.signal(signal.SIGHUP, lambda *_: print("hup", flush=True))
print("started", flush=True)
while len(sys.argv) > 2 and not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    time.sleep(1)
"""
"""Listens on a port, once the file is there that it may be given, and ends with status 3 on SIGTERM."""


class Runs:
    """Programs under ``dnsd run``, each on a port of its own."""

    def __init__(self, console, folder, wait_until) -> None:
        self.console, self.folder, self.wait_until = console, folder, wait_until
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self, *words: str, program: list[str] | None = None, lease: int = 3):
        flags = ["--server", self.console.server_url, "--namespace", self.console.namespace, "--service", "web"]
        flags += ["--id", "web-1", "--port", f"http={self.port}", "--lease", str(lease), *words]
        return self.console.start("run", *flags, "--", *(program or self.listener()), folder=self.folder)

    def listener(self, *words: str) -> list[str]:
        return [sys.executable, "-c", LISTEN, str(self.port), *words]

    def until_registered(self, seconds: float = 10.0):
        self.wait_until(lambda: "web-1" in self.console.endpoints(), "registered", seconds)
        return self.console.endpoints()["web-1"]

    @property
    def said(self) -> list[str]:
        return (self.folder / "err").read_text().splitlines()


@pytest.fixture
def runs(console, tmp_path, wait_until):
    return Runs(console, tmp_path, wait_until)


def quick_caches(console) -> None:
    """Records of the service may not be cached, so that a drain is safe at once; and it has another endpoint."""
    console.put(f"/v1/namespaces/{console.namespace}/services/web", {"ttl_seconds": 0})
    console.of("register", "--service", "web", "--id", "other")


def test_a_program_is_registered_with_its_lease_kept_until_it_ends(runs):
    started = runs.start()
    endpoint = runs.until_registered()
    assert endpoint["lease_seconds"] == 3
    assert endpoint["ports"] == [{"name": "http", "protocol": "TCP", "port": runs.port}]
    revision = endpoint["revision"]
    left: list[int] = []

    def is_renewed() -> bool:
        left.append(runs.console.endpoints()["web-1"]["lease"]["remaining_seconds"])
        return any(later > earlier for earlier, later in pairwise(left))

    runs.wait_until(is_renewed, "renewed")
    assert runs.console.endpoints()["web-1"]["revision"] == revision
    started.send_signal(signal.SIGTERM)
    assert started.wait(15) == 3
    assert runs.console.endpoints() == {}
    name = f"{runs.console.namespace}/web/web-1"
    assert runs.said == [
        f"dnsd run: registered {name}",
        "dnsd run: SIGTERM: draining",
        "dnsd run: not drained: the last endpoint of a service stays in the answers",
        f"dnsd run: deregistered {name}",
    ]


def test_it_is_not_registered_before_its_port_accepts(runs, tmp_path):
    started = runs.start(program=runs.listener(str(tmp_path / "go")))
    assert started.stdout.readline() == "started\n"
    assert runs.console.endpoints() == {}
    (tmp_path / "go").touch()
    assert started.stdout.readline() == "listening\n"
    runs.until_registered()


def test_a_stop_drains_first_and_waits_until_that_is_safe(runs):
    quick_caches(runs.console)
    started = runs.start()
    runs.until_registered()
    assert started.stdout.readline() == "started\n"
    started.send_signal(signal.SIGTERM)
    runs.wait_until(lambda: runs.console.endpoints().get("web-1", {"draining": True})["draining"], "draining")
    assert started.wait(15) == 3
    assert set(runs.console.endpoints()) == {"other"}
    assert runs.said[1:] == [
        "dnsd run: SIGTERM: draining",
        f"dnsd run: deregistered {runs.console.namespace}/web/web-1",
    ]


def slow_caches(console) -> None:
    """Records of the service may be cached for an hour; and it has another endpoint."""
    console.put(f"/v1/namespaces/{console.namespace}/services/web", {"ttl_seconds": 3600})
    console.of("register", "--service", "web", "--id", "other")


def test_the_drain_is_bounded(runs):
    slow_caches(runs.console)
    started = runs.start("--drain-seconds", "0.5")
    runs.until_registered()
    started.send_signal(signal.SIGTERM)
    assert started.wait(10) == 3


def test_a_second_signal_hurries_and_is_passed_on_alone(runs, wait_until):
    slow_caches(runs.console)
    code = "import signal, socket, time; both = {signal.SIGTERM, signal.SIGINT}; signal.pthread_sigmask(0, both);"
    code += f"listening = socket.create_server(('127.0.0.1', {runs.port})); first = signal.sigwait(both);"
    code += "time.sleep(0.2); print(first.name, len(signal.sigpending()))"
    started = runs.start("--drain-seconds", "100", program=[sys.executable, "-c", code])
    runs.until_registered()
    started.send_signal(signal.SIGTERM)
    wait_until(lambda: runs.console.endpoints()["web-1"]["draining"], "draining")
    started.send_signal(signal.SIGINT)
    assert started.stdout.readline() == "SIGINT 0\n"
    assert started.wait(10) == 0


def test_on_a_terminal_ctrl_c_drains_first(runs, wait_until):
    quick_caches(runs.console)
    flags = ["--server", runs.console.server_url, "--namespace", runs.console.namespace, "--service", "web"]
    words = [sys.executable, "-m", "dnsd", "run", *flags, "--id", "web-1", "--port", f"http={runs.port}", "--"]
    script = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    terminal = subprocess.Popen(
        [sys.executable, "-c", script, *words, *runs.listener()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    runs.until_registered()
    terminal.stdin.write(b"\x03")
    terminal.stdin.flush()
    said = terminal.stdout.read().decode()
    assert terminal.wait(10) == 128 + signal.SIGINT
    terminal.stdin.close()
    terminal.stdout.close()
    assert said.index("SIGINT: draining") < said.index("KeyboardInterrupt") < said.index("dnsd run: deregistered")
    assert set(runs.console.endpoints()) == {"other"}


def test_a_program_that_dies_early_is_never_registered(runs):
    started = runs.start(program=[sys.executable, "-c", "raise SystemExit(7)"])
    assert started.wait(15) == 7
    assert runs.said == []
    assert runs.console.get(f"/v1/services?namespace={runs.console.namespace}")["items"] == []


def test_a_program_that_is_killed_is_deregistered_at_once(runs):
    started = runs.start(program=["sh", "-c", 'echo $$; exec "$@"', "sh", *runs.listener()], lease=3600)
    pid = int(started.stdout.readline())
    runs.until_registered()
    os.kill(pid, signal.SIGKILL)
    assert started.wait(10) == 137
    assert runs.console.endpoints() == {}


def test_hangup_is_just_passed_on(runs):
    started = runs.start()
    runs.until_registered()
    assert [started.stdout.readline() for _ in range(2)] == ["started\n", "listening\n"]
    started.send_signal(signal.SIGHUP)
    assert started.stdout.readline() == "hup\n"
    assert runs.console.endpoints()["web-1"]["draining"] is False


def test_what_somebody_deregistered_stays_so_and_the_program_runs_on(runs, wait_until):
    started = runs.start()
    runs.until_registered()
    runs.console.of("deregister", "--service", "web", "--id", "web-1")
    wait_until(lambda: any("deregistered by somebody" in line for line in runs.said), "it is said")
    assert started.poll() is None
    assert runs.console.endpoints() == {}
    started.send_signal(signal.SIGTERM)
    assert started.wait(10) == 3
    assert not any("dnsd run: deregistered" in line for line in runs.said)


def test_without_a_server_the_program_runs_all_the_same(runs, wait_until):
    runs.console.server_url = "http://127.0.0.1:1"
    started = runs.start(lease=1)
    assert started.stdout.readline() == "started\n"
    wait_until(lambda: any("cannot register" in line for line in runs.said), "it is said")
    started.send_signal(signal.SIGTERM)
    assert started.wait(10) == 3


@pytest.mark.parametrize(
    ("program", "status", "line"),
    [
        (["/no/such/program"], 127, "dnsd run: cannot start /no/such/program: No such file or directory"),
        (["/etc/passwd"], 126, "dnsd run: cannot start /etc/passwd: Permission denied"),
    ],
)
def test_a_program_that_cannot_start(runs, program, status, line):
    assert runs.start(program=program).wait(15) == status
    assert runs.said == [line]
    assert runs.console.endpoints() == {}


def test_a_port_that_is_taken_starts_nothing(runs):
    with socket.create_server(("127.0.0.1", runs.port)):
        assert runs.start().wait(15) == 1
    assert runs.said[0].startswith(f"dnsd run: port {runs.port} is taken: something accepts on 127.0.0.1 already")


@pytest.mark.parametrize("seconds", ["-1", "x", "nan", "3601"])
def test_a_wrong_time_for_the_drain(console, seconds):
    done = console.of("run", "--service", "web", "--drain-seconds", seconds, "--", "true")
    assert done.status == 2
    assert done.err.startswith(f"dnsd run: argument --drain-seconds: '{seconds}' is not a number of seconds")


def test_the_arguments_of_the_program_are_its_own(runs):
    program = [sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", "--service", "x", "--", "-o"]
    started = runs.start(program=program)
    assert json.loads(started.stdout.readline()) == ["--service", "x", "--", "-o"]
    assert started.wait(10) == 0
