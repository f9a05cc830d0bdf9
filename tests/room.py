"""A room of its own for a whole dnsd: network and mount namespaces with their own resolv.conf."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

SEARCH = "search default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"


def require(*tools: str) -> None:
    """Skip the test when a tool is missing; in CI that is a failure."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        lacking(f"{', '.join(missing)}: not installed")


def require_precedence() -> None:
    """Skip the test where no process may go before others, by niceness and in real time; in CI that is a failure."""
    require("nice", "chrt")
    better = "test $(nice) -lt 0 && exec chrt --rr 1 true"
    if subprocess.run(["nice", "-n", "-5", "sh", "-c", better], capture_output=True, check=False).returncode:
        lacking("the permission for a better niceness and real time (CAP_SYS_NICE)")


def lacking(what: str) -> NoReturn:
    """Skip the test for want of this; fail in CI, which must have it."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have {what}")
    pytest.skip(what)


class Room:
    """One network namespace with addresses on its loopback; commands run in it with a resolv.conf of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._as_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        hold = "ip link set lo up && mount --make-rprivate / && echo ready && exec sleep infinity"
        self._holder = subprocess.Popen(
            ["unshare", *self._as_user, "--net", "--mount", "sh", "-c", hold], stdout=subprocess.PIPE, text=True
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            lacking("a kernel that lets us make namespaces")
        self._running: list[subprocess.Popen[str]] = []

    def command(self, *words: str, nameserver: str = "127.0.0.1") -> list[str]:
        """The command line that runs ``words`` in here, ``nameserver`` (several: by commas) in its resolv.conf."""
        resolv = self.folder / f"resolv-{nameserver}.conf"
        if not resolv.exists():
            resolv.write_text("".join(f"nameserver {address}\n" for address in nameserver.split(",")) + SEARCH)
        enter = ["nsenter", "--target", str(self._holder.pid), "--net", "--mount"]
        if self._as_user:
            enter += ["--user", "--preserve-credentials"]
        script = f'mount --bind {resolv} "$(readlink -f /etc/resolv.conf)" && exec "$@"'
        return [*enter, "unshare", "--mount", "sh", "-c", script, "sh", *words]

    def run(self, *words: str, nameserver: str = "127.0.0.1", seconds: float = 20.0) -> str:
        """What a command prints that must succeed."""
        done = subprocess.run(
            self.command(*words, nameserver=nameserver), capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, name: str, *words: str, nameserver: str = "127.0.0.1", **settings: str) -> subprocess.Popen[str]:
        """A command that stays, in a process group of its own; its output goes to ``<name>.log``."""
        with (self.folder / f"{name}.log").open("w") as log:
            started = subprocess.Popen(
                self.command(*words, nameserver=nameserver),
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, **settings},
                start_new_session=True,
            )
        self._running.append(started)
        return started

    def log(self, name: str) -> str:
        """What the command started as ``name`` has printed so far."""
        return (self.folder / f"{name}.log").read_text()

    def close(self) -> None:
        """End everything that was started here."""
        for process in [*self._running, self._holder]:
            if process.poll() is None:
                try:
                    os.killpg(process.pid, 9) if process is not self._holder else process.kill()
                except ProcessLookupError:
                    continue
            process.wait(10)
        assert self._holder.stdout is not None
        self._holder.stdout.close()
