"""Where the clients ask: a room with two replicas on one Redis, and nothing but them in resolv.conf."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from clients.fetched import unpacked_resolved
from clients.kinds import NAME, PROGRAMS, Client
from room import Room
from waiting import until

REPLICAS = {"127.0.0.1": 8053, "127.0.0.2": 8054}
ANOTHER = 8055
"""The admin port of a replica beside them."""
BOTH = ",".join(REPLICAS)
WEB = {f"10.77.0.{number}" for number in (1, 2)}
MANY = {f"10.77.1.{number}" for number in range(1, 41)}
PORT = 8080
FRESH = "fresh.default.svc.cluster.local"
"""The addresses of ``web`` again, by a name that no front has in its cache before it is asked in the outage."""
LATE = "late.default.svc.cluster.local"
"""A name that is unknown until a test registers it."""
PROMPT_SECONDS = 4.5
"""Below the 5 s that every libc waits for a server: who is slower was not answered at once."""
LAST_SECONDS = 30.0
START_SECONDS = 60.0
"""A replica starts, or ends, within so long while twenty clients have the cores."""
CROWD_NICENESS = 10
"""Clients that ask at the same time leave the cores to the servers: in the field each is a host of its own."""
RESTARTS_MOST = 3
"""Of each replica, while a client has not asked twice: on a busy machine one is not enough for all of them."""


class Finding(NamedTuple):
    """What a client found, and what it printed, by which a failure explains itself."""

    addresses: set[str]
    printed: str


class Stage:
    """Registered: ``web`` and ``fresh`` with two endpoints that answer HTTP, ``many`` with forty."""

    def __init__(self, room: Room, dnsd: list[str]) -> None:
        self.room, self.dnsd = room, dnsd
        self.servers: dict[str, subprocess.Popen[str]] = {}
        for address in sorted(WEB):
            self.add_address(address)
            self.start_pong(address, PORT)
        self._start_redis()
        self.replicas = {dns: self.start_replica(dns) for dns in REPLICAS}
        for dns in REPLICAS:
            self.wait_for(dns)
        self._register("web", WEB)
        self._register("fresh", WEB)
        self._register("many", MANY)
        until(lambda: all(len(self._digged(dns)) == len(MANY) for dns in REPLICAS), "both replicas know all")

    def add_address(self, *addresses: str) -> None:
        """More addresses for the loopback of the room."""
        add = 'for one; do ip address add "$one/32" dev lo; done'
        self.room.run("sh", "-ec", add, "sh", *addresses)

    def start_pong(self, address: str, port: int) -> None:
        """An HTTP server that tells its address."""
        self.room.start(f"http-{address}-{port}", sys.executable, str(PROGRAMS / "pong.py"), address, str(port))

    def _start_redis(self) -> None:
        place = f"{self.room.folder}/redis.sock"
        flags = ["--port", "0", "--unixsocket", place, "--save", "", "--appendonly", "no"]
        self.room.start("redis", "redis-server", *flags, "--dir", str(self.room.folder))
        until(lambda: Path(place).exists(), "Redis listens")

    def start_replica(self, dns: str, *more: str) -> subprocess.Popen[str]:
        """One replica on port 53 of its address, with more flags.

        The lame-duck time is the default one: it is what lets a client that missed one replica find the next at work.
        """
        admin = REPLICAS.get(dns, ANOTHER)
        flags = ["--dns", f"{dns}:53", "--admin", f"127.0.0.1:{admin}", "--replica", f"replica-{dns}", *more]
        store = ["--redis", f"unix://{self.room.folder}/redis.sock", "--state-dir", f"{self.room.folder}/state-{dns}"]
        return self.room.start(f"dnsd-{dns}", *self.dnsd, "serve", *flags, *store)

    def wait_for(self, dns: str) -> None:
        """Until that replica is ready."""
        until(lambda: "dnsd ready" in self.room.log(f"dnsd-{dns}"), f"replica {dns} is ready", START_SECONDS)

    def restart_replicas(self) -> None:
        """One after the other, as a careful operator does."""
        for dns in self.replicas:
            with self.ended(dns):
                pass

    def _register(self, service: str, addresses: set[str]) -> None:
        self.write(*(put(service, number, address) for number, address in enumerate(sorted(addresses), 1)))

    def write(self, *operations: dict[str, object], admin: int = 8053) -> None:
        """A batch of operations, at the replica with that admin port."""
        body = json.dumps({"operations": operations})
        words = ["curl", "-sS", "--fail-with-body", "-H", "content-type: application/json", "-d", body]
        self.room.run(*words, f"http://127.0.0.1:{admin}/v1/batch")

    def _digged(self, dns: str) -> list[str]:
        ask = f"dig @{dns} +short +tries=1 +timeout=2 many.default.svc.cluster.local || true"
        return [line for line in self.room.run("sh", "-c", ask).splitlines() if line in MANY]

    def build(self, client: Client) -> None:
        """Build what the client is made of, in the room's folder."""
        words = [word.format(source=PROGRAMS) for word in client.build]
        if words:
            done = subprocess.run(words, cwd=self.room.folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr

    def start(self, front: Client) -> None:
        """Start what stands in front of dnsd, and wait until it answers."""
        folder = self.room.folder
        if front.is_fetched:
            unpacked_resolved(folder / "systemd-resolved")
        configuration = folder / f"{front.nameserver}.conf"
        configuration.write_text(front.configuration.format(folder=folder))
        words = [word.format(folder=folder, configuration=configuration) for word in front.start]
        self.room.start(f"front-{front.nameserver}", *words)
        until(lambda: len(self._digged(front.nameserver)) == len(MANY), f"{front.name} answers")

    def ask(self, words: tuple[str, ...], name: str, nameserver: str = BOTH, *, niceness: int = 0) -> tuple[str, float]:
        """What the client prints, on both streams, and the seconds that it took."""
        start = time.monotonic()
        asking = [word.replace("{folder}", str(self.room.folder)) for word in words]
        command = self.room.command("nice", "-n", str(niceness), *asking, name, nameserver=nameserver)
        done = subprocess.run(command, capture_output=True, text=True, timeout=LAST_SECONDS, check=False)
        return done.stdout + done.stderr, time.monotonic() - start

    def addresses(self, client: Client, name: str) -> set[str]:
        """The addresses that the client finds of the name."""
        return addresses_in(self._printed(client, name, niceness=0))

    def outage(self, clients: Sequence[Client]) -> dict[str, Finding]:
        """What every client finds while the first replica of resolv.conf is dead."""
        with self.first_down(), ThreadPoolExecutor(4) as pool:
            return dict(zip((one.name for one in clients), pool.map(self._fresh, clients), strict=True))

    def first_down(self) -> AbstractContextManager[None]:
        """The first replica of resolv.conf is killed with -9, and started again in the end."""
        first, *_ = REPLICAS
        return self.down(first)

    @contextmanager
    def down(self, *those: str) -> Iterator[None]:
        """These replicas are killed with -9 and started again in the end."""
        for dns in those:
            os.killpg(self.replicas[dns].pid, signal.SIGKILL)
            self.replicas[dns].wait(10)
        until(lambda: not any(self._digged(dns) for dns in those), "responders end with their parent")
        try:
            yield
        finally:
            self.replicas |= {dns: self.start_replica(dns) for dns in those}
            for dns in those:
                self.wait_for(dns)

    @contextmanager
    def ended(self, dns: str) -> Iterator[None]:
        """That replica is told to end, has ended, and is started again in the end."""
        self.replicas[dns].terminate()
        self.replicas[dns].wait(START_SECONDS)
        try:
            yield
        finally:
            self.replicas[dns] = self.start_replica(dns)
            self.wait_for(dns)

    def restart(self, clients: Sequence[Client]) -> dict[str, list[Finding]]:
        """All that every client finds, over and over, while the replicas are restarted in turn."""
        is_over = threading.Event()
        found: dict[str, list[Finding]] = {client.name: [] for client in clients}

        def ask_on(client: Client) -> None:
            while not is_over.is_set():
                found[client.name].append(self._found(client, NAME))

        with ThreadPoolExecutor(len(clients)) as pool:
            asking = [pool.submit(ask_on, client) for client in clients]
            try:
                for _ in range(RESTARTS_MOST):
                    self.restart_replicas()
                    if all(len(each) >= 2 for each in found.values()):
                        break
            finally:
                is_over.set()
            for each in asking:
                each.result()
        return found

    def _fresh(self, client: Client) -> Finding:
        return self._found(client, FRESH)

    def _found(self, client: Client, name: str) -> Finding:
        try:
            printed = self._printed(client, name, CROWD_NICENESS)
        except subprocess.TimeoutExpired as gone:
            return Finding(set(), str(gone))
        return Finding(addresses_in(printed), printed)

    def _printed(self, client: Client, name: str, niceness: int) -> str:
        return self.ask(client.v4, _asked(client, name), client.nameserver or BOTH, niceness=niceness)[0]


def addresses_in(printed: str) -> set[str]:
    """The addresses of endpoints in what a client printed."""
    return set(re.findall(r"\b10\.77\.\d+\.\d+\b", printed))


def _keyed(op: str, service: str, number: int) -> dict[str, object]:
    return {"op": op, "kind": "endpoint", "namespace": "default", "service": service, "id": f"{service}-{number}"}


def put(service: str, number: int, address: str) -> dict[str, object]:
    """The operation that registers the endpoint with this number."""
    return _keyed("put", service, number) | {
        "value": {"address": address, "ports": {"http": PORT}, "lease_seconds": None}
    }


def delete(service: str, number: int) -> dict[str, object]:
    """The operation that deregisters it."""
    return _keyed("delete", service, number)


def _asked(client: Client, name: str) -> str:
    return f"http://{name}:{PORT}/" if client.name == "curl" else name
