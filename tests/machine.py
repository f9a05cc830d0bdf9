"""A systemd booted as pid 1 of namespaces of its own, on a throw-away copy of this machine's root, with dnsd in it."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from room import lacking, require

ROOT = Path(__file__).parents[1]
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
for package in {packages}; do dpkg-deb --fsys-tarfile $package | tar -x --keep-directory-symlink; done
{commands}
for unit in {masked}; do ln -sf /dev/null etc/systemd/system/$unit; done
ip link set lo up
exec chroot . env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=basic.target --log-target=null
"""


class Machine:
    """A booted systemd; ``run`` executes commands inside.

    ``program``: an environment with dnsd; ``packages``: unpacked over the copied root; ``commands``: of the shell, in
    that root before the boot.
    """

    def __init__(self, folder: Path, program: Path, packages: Sequence[Path] = (), commands: str = "") -> None:
        self.place = folder / "root"
        self.place.mkdir()
        units = [f"systemd-{name}.service" for name in MASKED if name != "resolved" or not packages]
        units += ["systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald-audit.socket"]
        script = BOOT.format(
            place=self.place,
            program=program,
            systemd=ROOT / "systemd",
            packages=" ".join(map(str, packages)),
            commands=commands,
            masked=" ".join(units),
        )
        # Always with a network namespace: a systemd that starts in the real one would manage the real one.
        spaces = ["--pid", "--fork", "--kill-child", "--mount", "--cgroup", "--uts", "--ipc", "--net"]
        self._log = (folder / "boot.log").open("w")
        self.process = subprocess.Popen(
            ["unshare", *spaces, "sh", "-c", script], stdout=self._log, stderr=subprocess.STDOUT
        )
        self.until(lambda: self.run("systemctl", "is-system-running", is_checked=False) in ("running", "degraded"))

    @staticmethod
    def until(condition: Callable[[], object], seconds: float = 30.0) -> float:
        """Ask until it is true; how many seconds that took."""
        start = time.monotonic()
        while not condition():
            assert time.monotonic() - start < seconds, f"not within {seconds} s"
            time.sleep(0.05)
        return time.monotonic() - start

    def run(self, *words: str, is_checked: bool = True) -> str:
        """What a command inside prints; unless ``is_checked`` it may fail, and what it prints of that is told too."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children:
            return ""
        enter = ["nsenter", "-t", children[0], "-p", "-m", "-n", "-u", "-i", "-C", "chroot", f"{self.place}/new"]
        path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        done = subprocess.run([*enter, "env", path, *words], capture_output=True, text=True, timeout=60, check=False)
        assert not is_checked or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return (done.stdout if is_checked else done.stdout + done.stderr).strip()

    def write(self, path: str, text: str) -> None:
        """A file inside, and the folders that it needs."""
        self.run("mkdir", "-p", str(Path(path).parent))
        self.run("sh", "-c", 'printf %s "$1" > "$2"', "sh", text, path)

    def show(self, what: str) -> str:
        """A property of the unit."""
        return self.run("systemctl", "show", "--property", what, "--value", "dnsd")

    def set_service(self, line: str) -> None:
        """Put a line into the unit's [Service], as an administrator would with `systemctl edit`."""
        self.write("/run/systemd/system/dnsd.service.d/test.conf", f"[Service]\n{line}\n")
        self.run("systemctl", "daemon-reload")

    def register(self, service: str, addresses: Sequence[str]) -> None:
        """Endpoints with the port http, until they are deregistered."""
        for number, address in enumerate(addresses, 1):
            body = json.dumps({"address": address, "ports": {"http": 8080}, "lease_seconds": None})
            path = f"http://127.0.0.1:8053/v1/namespaces/default/services/{service}/endpoints/{service}-{number}"
            self.run("curl", "-sf", "-X", "PUT", path, "-H", "content-type: application/json", "-d", body)

    def close(self) -> None:
        """End it, and with it everything inside."""
        self.process.kill()
        self.process.wait()
        self._log.close()


def installed(place: Path) -> Path:
    """dnsd installed by pip into an environment of the system's Python: the unit hides /root."""
    require("/lib/systemd/systemd", "/usr/bin/python3")
    for command in (["/usr/bin/python3", "-m", "venv", str(place)], [f"{place}/bin/pip", "install", "-q", str(ROOT)]):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            lacking(f"dnsd of the system's Python: {command}: {made.stdout[-200:]}{made.stderr[-200:]}")
    return place


MARKS = [
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to boot a systemd"),
]
