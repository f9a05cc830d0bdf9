"""Replicas of dnsd in processes of their own, for tests that break what they stand on; and who writes to them."""

import asyncio
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import dns.message
import dns.rcode
from faults.probe import addresses_in, ask_udp
from ports import free_port
from waiting import until

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
SUFFIX = "default.svc.cluster.local"

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """What a process has spent so far."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


class Replica:
    """``dnsd serve`` with its own ports and state; ``redis``: a URL, else the embedded store."""

    def __init__(
        self,
        folder: Path,
        redis: str = "",
        *,
        name: str = "one",
        workers: int = 0,
        flags: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.folder = name, folder
        self.dns, self.admin = ("127.0.0.1", free_port()), ("127.0.0.1", free_port())
        self.url = f"http://{self.admin[0]}:{self.admin[1]}"
        words = ["serve", "--dns", "{}:{}".format(*self.dns), "--admin", "{}:{}".format(*self.admin)]
        words += ["--state-dir", str(folder / "state"), "--replica", name, "--workers", str(workers)]
        words += ["--quota-services", "0", "--quota-endpoints", "0"]  # these tests fill one namespace with thousands
        self._command = [sys.executable, "-m", "dnsd", *words, *(["--redis", redis] if redis else []), *flags]
        self._environ = {**os.environ, **(environ or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Replica":
        """Start it (again), without waiting."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True, env=self._environ
            )
        return self

    def wait(self, seconds: float = START_SECONDS) -> "Replica":
        """Until it says that it is ready."""
        until(lambda: self._is_over() or self._is_ready(), f"{self.name} is ready", seconds)
        assert not self._is_over(), self.log[-3000:]
        return self

    def signal(self, number: int) -> None:
        """To all of its processes."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End all of its processes at once."""
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait()

    def end(self, seconds: float = 20.0) -> int:
        """SIGTERM to the parent alone, as a supervisor does; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    @property
    def log(self) -> str:
        """What it has printed, over all its lives."""
        return (self.folder / "log").read_text() if (self.folder / "log").exists() else ""

    def call(self, method: str, path: str, body: object = None, seconds: float = 5.0) -> tuple[int, Any]:
        """One request on a connection of its own: status and document. Raises OSError."""
        connection = http.client.HTTPConnection(*self.admin, timeout=seconds)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
            reply = connection.getresponse()
            octets = reply.read()
        except http.client.HTTPException as fault:
            raise ConnectionError(str(fault)) from fault
        finally:
            connection.close()
        return reply.status, json.loads(octets) if "json" in reply.headers.get("Content-Type", "") else octets.decode()

    def register(self, service: str, name: str, address: str, lease: int | None = None) -> Any:
        """Register one endpoint; the reply's document."""
        status, document = self.call("PUT", endpoint_path(service, name), endpoint_body(address, lease))
        assert status in (200, 201), (status, document)
        return document

    def fill(self, truth: Mapping[str, Sequence[str]], lease: int | None = None) -> dict[str, Sequence[str]]:
        """Register service -> addresses; the same by full DNS name, for a probe."""
        operations = [
            {"op": "put", "kind": "endpoint", "namespace": "default", "service": service, "id": f"{service}-{number}",
             "value": endpoint_body(address, lease)}
            for service, addresses in truth.items()
            for number, address in enumerate(addresses)
        ]  # fmt: skip
        for at in range(0, len(operations), 1000):
            status, document = self.call("POST", "/v1/batch", {"operations": operations[at : at + 1000]}, 30)
            assert status == 200, document
        return {f"{service}.{SUFFIX}": addresses for service, addresses in truth.items()}

    def ready(self) -> dict[str, Any]:
        """What /readyz says; {} when nobody answers."""
        try:
            document = self.call("GET", "/readyz", seconds=2)[1]
        except OSError:
            return {}
        return document if isinstance(document, dict) else {}

    def metric(self, name: str) -> float:
        """The sum of a metric's series."""
        lines = self.call("GET", "/metrics")[1].splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def records(self) -> dict[str, str]:
        """Everything that its mirror holds: key -> document without what differs between replicas."""
        found = {}
        for kind in ("services", "endpoints"):
            cursor = ""
            while True:
                _, page = self.call("GET", f"/v1/{kind}?limit=1000{cursor and '&cursor='}{cursor}", seconds=20)
                for item in page["items"]:
                    key = "/".join(item[part] for part in ("namespace", "service", "name", "id") if part in item)
                    found[key] = json.dumps({name: value for name, value in item.items() if name != "lease"})
                if not (cursor := page["next"] or ""):
                    break
        return found

    def answer(self, service: str, seconds: float = 2.0) -> frozenset[str] | str:
        """The addresses that DNS gives for a service, or the rcode, or why there is no answer."""
        try:
            message = dns.message.from_wire(ask_udp(self.dns, f"{service}.{SUFFIX}", seconds))
        except OSError as fault:
            return f"{type(fault).__name__}"
        rcode = dns.rcode.to_text(message.rcode())
        return addresses_in(message) if rcode == "NOERROR" else rcode

    def children(self, role: str) -> list[int]:
        """The processes of its parent whose command line holds ``role``."""
        assert self.process is not None
        told = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", role], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in told.stdout.split()]

    def memory(self) -> int:
        """Octets resident, of all its processes."""
        assert self.process is not None
        told = subprocess.run(
            ["ps", "-o", "rss=", "-g", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return 1024 * sum(map(int, told.stdout.split()))

    def processes(self) -> dict[str, tuple[int, int]]:
        """Octets resident and open files of each of its processes that lives, by role and number."""
        assert self.process is not None
        told = subprocess.run(
            ["ps", "-o", "pid=,rss=,args=", "-g", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        found: dict[str, tuple[int, int]] = {}
        for line in told.stdout.splitlines():
            pid, kilobytes, words = line.split(maxsplit=2)
            role = words.partition("dnsd.app ")[2].split(" ")[0] or "parent"
            with suppress(OSError):
                found[f"{role} {pid}"] = 1024 * int(kilobytes), len(os.listdir(f"/proc/{pid}/fd"))
        return found

    def _is_over(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _is_ready(self) -> bool:
        return bool(self.ready().get("ready")) and not str(self.answer("nobody", 0.3)).startswith(("Timeout", "Conn"))


def endpoint_path(service: str, name: str) -> str:
    """Where an endpoint stands in the API."""
    return f"/v1/namespaces/default/services/{service}/endpoints/{name}"


def endpoint_body(address: str, lease: int | None) -> dict[str, object]:
    """What registers it; ``lease`` None is permanent."""
    return {"address": address, "ports": {"http": 8080}, "lease_seconds": lease}


class Writers:
    """Registrations at a steady rate, each acknowledged or not, spread over replicas while ``run`` runs.

    ``acknowledged``: "service/id" -> (address, reply); a later one of the same key replaces the earlier.
    ``meanings``: revision -> each ("service/id", address) that was acknowledged with it.
    """

    def __init__(
        self, replicas: Sequence[Replica], rate: float = 200.0, seed: int = 1, lease: int | None = None, ids: int = 400
    ) -> None:
        self.acknowledged: dict[str, tuple[str, dict[str, Any]]] = {}
        self.attempted: dict[str, set[str]] = {}
        self.refused: list[tuple[float, int, str]] = []
        self.replied_at: list[float] = []
        self.meanings: dict[int, set[tuple[str, str]]] = {}
        self.slowest = 0.0
        self._replicas, self._rate, self._lease, self._ids = list(replicas), rate, lease, ids
        self._random = random.Random(seed)
        self._number = 0
        self._open: set[asyncio.Task[None]] = set()

    async def run(self, seconds: float) -> None:
        """Write for so long; comes back when everything was answered."""
        end, due = time.monotonic() + seconds, time.monotonic()
        door = aiohttp.TCPConnector(limit=0)  # by default a hundred; the others would wait for them, not for dnsd
        async with aiohttp.ClientSession(connector=door, timeout=aiohttp.ClientTimeout(total=8)) as session:
            while time.monotonic() < end:
                self._number += 1
                task = asyncio.ensure_future(self._write(session, self._number))
                self._open.add(task)
                task.add_done_callback(self._open.discard)
                due += 1 / self._rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self._open:
                await asyncio.wait(self._open)

    async def _write(self, session: aiohttp.ClientSession, number: int) -> None:
        service, name = f"load-{number % 40}", f"e{self._random.randrange(self._ids)}"
        address = f"10.{self._random.randrange(256)}.{number // 250 % 250}.{number % 250 + 1}"
        key, start = f"{service}/{name}", time.monotonic()
        self.attempted.setdefault(key, set()).add(address)
        replica = self._random.choice(self._replicas)
        url = replica.url + endpoint_path(service, name)
        try:
            async with session.put(url, json=endpoint_body(address, self._lease)) as reply:
                document = await reply.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError) as fault:
            self.refused.append((time.monotonic(), 0, type(fault).__name__))
            return
        self.slowest = max(self.slowest, time.monotonic() - start)
        if reply.status in (200, 201) and document["stored"]:
            self.replied_at.append(time.monotonic())
            self.meanings.setdefault(document["revision"], set()).add((key, address))
            before = self.acknowledged.get(key)
            if before is None or before[1]["revision"] < document["revision"]:
                self.acknowledged[key] = address, document
        else:
            # Also a repeat that is accepted from the mirror while the store is away: "stored": false promises no copy.
            self.refused.append((time.monotonic(), reply.status, str(document.get("reason"))))

    def lost_from(self, records: Mapping[str, str]) -> list[str]:
        """Acknowledged registrations that are not among the records, at all or with none of the values since tried."""
        lost = []
        for key, (_, reply) in self.acknowledged.items():
            standing = json.loads(records.get(f"default/{key}", "null"))
            if standing is None or standing["revision"] < reply["revision"]:
                lost.append(key)
        return lost
