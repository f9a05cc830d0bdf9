"""The unit under a real systemd, booted as pid 1 of namespaces of its own on a throw-away copy of this machine's root.

On demand: ``pytest -m long tests/system/test_systemd_boot.py``, as root. It builds a virtual environment with the
system's Python, which takes about a minute.
"""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to boot a systemd"),
    pytest.mark.skipif(not os.path.exists("/lib/systemd/systemd"), reason="systemd is not installed"),
    pytest.mark.skipif(
        not os.path.exists("/usr/bin/python3"), reason="needs the system's Python: the unit hides /root"
    ),
]

ROOT = Path(__file__).parents[2]
MASKED = ("networkd", "networkd-wait-online", "udevd", "resolved", "timesyncd", "journald")
BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs {place}
mkdir {place}/upper {place}/work {place}/new
mount -t overlay overlay -o lowerdir=/,upperdir={place}/upper,workdir={place}/work {place}/new
cd {place}/new
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --bind /dev dev
mkdir -p opt etc/dnsd
cp -a {program} opt/dnsd
sed -i 's,{program},/opt/dnsd,' opt/dnsd/bin/dnsd opt/dnsd/pyvenv.cfg
cp {systemd}/dnsd.service etc/systemd/system/
cp {systemd}/dnsd.toml etc/dnsd/
for unit in {masked}; do ln -sf /dev/null etc/systemd/system/$unit; done
ip link set lo up
exec chroot . env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=basic.target --log-target=null
"""


class Machine:
    """A booted systemd; ``run`` executes commands inside."""

    def __init__(self, folder, program):
        self.place = folder / "root"
        self.place.mkdir()
        units = [f"systemd-{name}.service" for name in MASKED]
        units += ["systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald-audit.socket"]
        script = BOOT.format(place=self.place, program=program, systemd=ROOT / "systemd", masked=" ".join(units))
        # Always with a network namespace: a systemd that starts in the real one would manage the real one.
        self.log = (folder / "boot.log").open("w")
        self.process = subprocess.Popen(
            [
                "unshare",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount",
                "--cgroup",
                "--uts",
                "--ipc",
                "--net",
                "sh",
                "-c",
                script,
            ],
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.until(lambda: self.run("systemctl", "is-system-running", is_checked=False) in ("running", "degraded"))

    @staticmethod
    def until(condition, seconds=30.0):
        start = time.monotonic()
        while not condition():
            assert time.monotonic() - start < seconds, f"not within {seconds} s"
            time.sleep(0.05)
        return time.monotonic() - start

    def run(self, *words, is_checked=True):
        """What a command inside prints."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children:
            return ""
        enter = ["nsenter", "-t", children[0], "-p", "-m", "-n", "-u", "-i", "-C", "chroot", f"{self.place}/new"]
        path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        done = subprocess.run([*enter, "env", path, *words], capture_output=True, text=True, timeout=60, check=False)
        assert not is_checked or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def show(self, what):
        return self.run("systemctl", "show", "--property", what, "--value", "dnsd")

    def set_service(self, line):
        """Put a line into the unit's [Service], as an administrator would with `systemctl edit`."""
        self.run("mkdir", "-p", "/run/systemd/system/dnsd.service.d")
        self.run("sh", "-c", f"printf '[Service]\n{line}\n' > /run/systemd/system/dnsd.service.d/test.conf")
        self.run("systemctl", "daemon-reload")

    def addresses(self):
        return self.run(
            "dig", "@127.0.0.1", "+short", "+tries=1", "web.default.svc.cluster.local", "A", is_checked=False
        )

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """dnsd installed by pip into an environment of the system's Python."""
    place = tmp_path_factory.mktemp("opt") / "dnsd"
    for command in (["/usr/bin/python3", "-m", "venv", str(place)], [f"{place}/bin/pip", "install", "-q", str(ROOT)]):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"{command}: {made.stdout[-200:]}{made.stderr[-200:]}")
    return place


@pytest.fixture
def machine(program, tmp_path):
    if shutil.which("dig") is None:
        pytest.skip("dig is not installed")
    machine = Machine(tmp_path, program)
    yield machine
    machine.close()


def test_the_unit_serves_on_port_53_without_root_and_is_looked_after(machine):
    machine.run("systemctl", "start", "dnsd")
    assert machine.run("dig", "@127.0.0.1", "dns-version.cluster.local", "TXT", "+short") == '"1.1.0"'
    main = machine.show("MainPID")
    status = dict(
        line.split(":\t", 1) for line in machine.run("cat", f"/proc/{main}/status").splitlines() if ":\t" in line
    )
    assert status["Uid"].split()[0] != "0"
    assert status["CapEff"] == "0000000000000400"  # CAP_NET_BIND_SERVICE
    assert status["NoNewPrivs"] == "1"
    assert machine.show("StatusText") == "answering"

    body = json.dumps({"address": "192.0.2.10", "lease_seconds": None})
    path = "http://127.0.0.1:8053/v1/namespaces/default/services/web/endpoints/web-1"
    machine.run("curl", "-sf", "-X", "PUT", path, "-H", "content-type: application/json", "-d", body)
    assert machine.addresses() == "192.0.2.10"

    machine.run("systemctl", "reload", "dnsd")
    assert (machine.show("ActiveState"), machine.show("MainPID")) == ("active", main)

    machine.run("kill", "-9", main)
    machine.until(lambda: machine.show("NRestarts") == "1" and machine.show("ActiveState") == "active")
    assert machine.addresses() == "192.0.2.10"

    machine.set_service("WatchdogSec=2s")
    machine.run("systemctl", "restart", "dnsd")
    machine.run("pkill", "-STOP", "-f", "dnsd.app control")
    took = machine.until(lambda: machine.show("NRestarts") != "0" and machine.show("ActiveState") == "active")
    print(f"\na control that hangs is replaced within {took:.1f} s of a 2 s watchdog")
    assert machine.addresses() == "192.0.2.10"

    machine.run("systemctl", "stop", "dnsd")
    assert (machine.show("Result"), machine.show("ExecMainStatus")) == ("success", "0")
    assert machine.run("pgrep", "-f", "valkey-server|dnsd.app", is_checked=False) == ""

    machine.set_service("Environment=DNSD_WORKERS=many")
    machine.run("systemctl", "start", "dnsd", is_checked=False)
    assert (machine.show("ActiveState"), machine.show("ExecMainStatus")) == ("failed", "2")
    assert machine.show("NRestarts") == "0"
