"""dnsd under test: a replica of its own, on free ports, with a store of its own, filled through its admin API."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import calls
import process
from dnsperf import ToolMissing
from peers import LOOPBACK, READY_SECONDS, Peer, Started, free_port
from records import ADVERTISED, OPERATIONS_A_BATCH, REVERSE, Records, service_name

ROOT = Path(__file__).parents[2]
_LOAD_CONNECTIONS = 2
_POLL_SECONDS = 0.002
_BATCHES_A_WORD = 100
_AGAIN_MOST = 100
_OWN_SETTINGS = ["--settling-seconds", "0", "--open-within-seconds", "300"]
_OWN_SETTINGS += ["--registrations-per-second", "0", "--quota-services", "0", "--quota-endpoints", "0"]
_OWN_SETTINGS += ["--quota-service-endpoints", "0"]
"""What is not as it is by default; the document says so (``report``)."""


class Replica(Started):
    """``dnsd serve``; ``redis`` is a URL, else the embedded store. ``wildcard``: the same on a wildcard address.

    ``lame_duck_seconds``: how long it leaves, time in which it keeps what it has compiled.
    """

    goes_first_itself = True

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "dnsd",
        workers: int = 1,
        redis: str = "",
        state: str = "",
        lame_duck_seconds: int = 0,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.admin = LOOPBACK, free_port()
        self._workers = workers
        port, wildcard = free_port(), free_port()
        words = [sys.executable, "-m", "dnsd", "serve", "--dns", f"{LOOPBACK}:{port}", "--dns", f"0.0.0.0:{wildcard}"]
        words += ["--admin", f"{LOOPBACK}:{self.admin[1]}", "--workers", str(workers), "--advertise", ADVERTISED]
        known = Path(state).parent.name if state else folder.name  # what is kept is kept for a replica by its name
        words += ["--state-dir", state or str(folder / "state"), "--replica", known, *_OWN_SETTINGS]
        words += ["--lame-duck-seconds", str(lame_duck_seconds)]
        words += [word for network in REVERSE for word in ("--reverse", network)]
        words += ["--redis", redis] if redis else []
        self.started_at = time.monotonic()
        super().__init__(name, port, words, folder / "log", _environ(folder.parent / "bytecode"))
        self.wildcard = Wildcard(self, wildcard)

    def pids(self) -> list[int]:
        """The responders: who answers DNS."""
        return self._parts("dnsd.app responder")

    def control(self) -> list[int]:
        """The process that registers."""
        return self._parts("dnsd.app control")

    def everybody(self) -> list[int]:
        """Parent, store, control and responders."""
        return process.tree(self._process.pid)

    def wait_until_ready(self, records: Records | None = None) -> float:
        """Until its zone, or the last of these records, is answered; returns the seconds since the start."""
        if records is None:
            self.wait()
            self._wait_until(lambda: len(self.pids()) >= self._workers, f"has its {self._workers} responders")
        else:
            self.wait_until_named(service_name(records.services - 1))
        return time.monotonic() - self.started_at

    def wait_until_named(self, name: str) -> None:
        """Until a name has an address."""
        self._wait_until(lambda: self.answers_to(name), f"answers {name}")

    def _wait_until(self, is_true: Callable[[], bool], what: str) -> None:
        if not _is_soon(is_true, lambda: self.is_dead):
            raise RuntimeError(f"{self.name} never {what}\n{self._log.read_text()[-1000:]}")

    def load(self, records: Records) -> None:
        """Register all of it, and wait until the last of it is answered."""
        bodies = _told(records.batches(), records.endpoint_count)
        requests = (calls.request("POST", "/v1/batch", body) for body in bodies)
        calls.send_all(self.admin, requests, _LOAD_CONNECTIONS, again_most=_AGAIN_MOST)
        self.wait_until_named(service_name(records.services - 1))

    def send(self, requests: Iterable[bytes], connections: int = _LOAD_CONNECTIONS, seconds: float = 1e9) -> int:
        """Calls to its admin API; see :func:`calls.send_all`."""
        return calls.send_all(self.admin, requests, connections, seconds)

    def _parts(self, word: str) -> list[int]:
        return [pid for pid in self.everybody() if word in process.command_line(pid)]


def _told(batches: Iterable[bytes], endpoints: int) -> Iterator[bytes]:
    """The batches; says now and then how far it has come, since a million endpoints take minutes."""
    for number, batch in enumerate(batches):
        if number and number % _BATCHES_A_WORD == 0:
            done = number * OPERATIONS_A_BATCH
            print(f"  {done:,} of {endpoints:,} endpoints sent to dnsd", file=sys.stderr, flush=True)
        yield batch


def _environ(bytecode: Path) -> dict[str, str]:
    """Ours, with this checkout's code, and bytecode kept as an installed package has it: starts are measured too."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(bytecode)}


class Wildcard(Peer):
    """The same responders, asked where they are bound to all addresses and have to keep each reply's source."""

    def __init__(self, replica: Replica, port: int) -> None:
        super().__init__(f"{replica.name}, wildcard", port)
        self._replica = replica

    def pids(self) -> list[int]:
        """Those of the replica."""
        return self._replica.pids()


def _is_soon(is_true: Callable[[], bool], is_dead: Callable[[], bool]) -> bool:
    """Wait until it is true; False when it takes too long, or whoever is waited for has ended."""
    until = time.monotonic() + READY_SECONDS
    while not is_true():
        if is_dead() or time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True


class Redis:
    """A private Redis on a unix socket, without files. Raises ToolMissing."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            raise ToolMissing("redis-server")
        folder.mkdir(parents=True)
        door = folder / "redis.sock"
        self.url = f"unix://{door}"
        words = [program, "--port", "0", "--unixsocket", str(door), "--dir", str(folder), "--save", "", "--appendonly"]
        self._process = subprocess.Popen([*words, "no"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        if not _is_soon(door.exists, lambda: self._process.poll() is not None):
            raise RuntimeError(f"{program} does not listen at {door}")

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
