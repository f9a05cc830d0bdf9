"""Redis as people run it: a master with replicas and three sentinels, or a Cluster, all on one loopback."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from faults.replica import until
from ports import OVER, free_port
from servers import Server, binary_of

DOWN_AFTER_MILLISECONDS = 1000
REPLICATED = ("--min-replicas-to-write", "1", "--min-replicas-max-lag", "2", "--repl-diskless-sync-delay", "0")
PERSISTENT = ("--appendonly", "yes", "--appendfsync", "everysec", "--repl-timeout", "5")


class Sentinels:
    """One master, two replicas, three sentinels that watch them as ``mine``."""

    def __init__(self, kind: str) -> None:
        self.rounds, self.workers = 1, 0
        self.servers: list[Server] = []
        self._folders: list[Path] = []
        self._sentinels: list[subprocess.Popen[bytes]] = []
        self._ports = [free_port() for _ in range(3)]
        for number in range(3):
            follow = ("--replicaof", f"127.0.0.1 {self.servers[0].port}") if number else ()
            self.servers.append(Server(kind, self._folder(), *PERSISTENT, *REPLICATED, *follow, port=free_port()))
        until(lambda: self._copies(self.servers[0]) == 2, "both replicas are in step")
        for port in self._ports:
            self._sentinels.append(self._watch(kind, port))
        self.url = "sentinel://" + ",".join(f"127.0.0.1:{port}" for port in self._ports) + "/mine/0"
        until(lambda: all(self._knows_all(port) for port in self._ports), "the sentinels know each other", 40)

    def master(self) -> Server:
        """Whom most sentinels call the master."""
        told = [self._ask(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mine") for port in self._ports]
        ports = [int(each.split("\r\n")[4]) for each in told if each.startswith("*2")]
        most = max(set(ports), key=ports.count)
        return next(server for server in self.servers if server.port == most)

    def hurry(self) -> None:
        """Make the sentinels talk more often: who comes back as a master is a replica again in 2 s instead of 8."""
        for port in self._ports:
            told = self._ask(port, "SENTINEL", "DEBUG", "PUBLISH-PERIOD", "500", "INFO-PERIOD", "1000")
            assert told.startswith("+OK"), told

    def wait_until_whole(self) -> None:
        """Until there is one master, and the two others follow it in step."""
        until(lambda: self._copies(self.master()) == 2, "everybody follows the master", 60)
        until(lambda: all(self._sees_two(port) for port in self._ports), "and the sentinels see it", 60)

    def close(self) -> None:
        """End them all."""
        for process in self._sentinels:
            process.kill()
            process.wait()
        for server in self.servers:
            server.kill()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _folder(self) -> Path:
        self._folders.append(Path(tempfile.mkdtemp(prefix="dnsd-")))
        return self._folders[-1]

    def _watch(self, kind: str, port: int) -> subprocess.Popen[bytes]:
        settings = self._folder() / "sentinel.conf"
        settings.write_text(
            f"port {port}\nbind 127.0.0.1\nunixsocket {settings.parent}/s\nloglevel warning\n"
            f"sentinel monitor mine 127.0.0.1 {self.servers[0].port} 2\n"
            f"sentinel down-after-milliseconds mine {DOWN_AFTER_MILLISECONDS}\n"
            "sentinel failover-timeout mine 4000\nsentinel parallel-syncs mine 2\n"
        )
        return subprocess.Popen([binary_of(kind), str(settings), "--sentinel"], stdout=subprocess.DEVNULL)

    def _ask(self, port: int, *words: str) -> str:
        return ask(self._folders[3 + self._ports.index(port)] / "s", *words)

    def _knows_all(self, port: int) -> bool:
        told = self._ask(port, "SENTINEL", "MASTER", "mine").split("\r\n")
        counts = {told[at]: told[at + 2] for at in range(len(told) - 2) if told[at].startswith("num-")}
        return counts.get("num-slaves") == "2" and counts.get("num-other-sentinels") == "2"

    def _sees_two(self, port: int) -> bool:
        told = self._ask(port, "SENTINEL", "REPLICAS", "mine")
        return told.count("flags\r\n$5\r\nslave\r\n") == 2

    @staticmethod
    def _copies(server: Server) -> int:
        return server.ask("INFO", "replication").count("state=online")


class Cluster:
    """Three masters, each with one replica; that of our slot with two, so that its heir has a copy of what it takes."""

    def __init__(self, kind: str) -> None:
        self.rounds, self.workers = 1, 0
        self.servers: list[Server] = []
        self._folders: list[Path] = []
        for _ in range(7):
            self._folders.append(Path(tempfile.mkdtemp(prefix="dnsd-")))
            options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1500", *PERSISTENT, *REPLICATED)
            self.servers.append(Server(kind, self._folders[-1], *options, port=cluster_port()))
        self._join(self.servers)
        self.url = "cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers[:3])
        self.wait_until_whole()

    def master(self) -> Server:
        """The master of the slot in which dnsd's keys are."""
        for server in self.servers:
            lines = server.ask("CLUSTER", "NODES").split("\n")
            for line in lines:
                words = line.split()
                if len(words) > 8 and "master" in words[2] and "fail" not in words[2] and self._holds(words[8:]):
                    port = int(words[1].partition("@")[0].rpartition(":")[2])
                    return next(each for each in self.servers if each.port == port)
        raise AssertionError("no master holds the slot")

    def wait_until_whole(self) -> None:
        """Until all slots are served and every master has its copy."""
        until(lambda: all("cluster_state:ok" in each.ask("CLUSTER", "INFO") for each in self.servers), "state ok", 60)
        until(lambda: self._copies() == 2, "our slot's master has its copies", 60)

    def close(self) -> None:
        """End them all."""
        for server in self.servers:
            server.kill()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _copies(self) -> int:
        return self.master().ask("INFO", "replication").count("state=online")

    def _join(self, servers: list[Server]) -> None:
        for number, server in enumerate(servers[:3]):
            server.ask("CLUSTER", "ADDSLOTSRANGE", *[str(16_384 * number // 3), str(16_384 * (number + 1) // 3 - 1)])
            server.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for server in servers[1:]:
            server.ask("CLUSTER", "MEET", "127.0.0.1", str(servers[0].port))
        until(lambda: all(each.ask("CLUSTER", "NODES").count("@") == 7 for each in servers), "all nodes have met", 30)
        ours = self.master()
        for master, copy in zip([*servers[:3], ours], servers[3:], strict=True):
            identity = master.ask("CLUSTER", "MYID").split("\r\n")[1]
            until(lambda copy=copy, of=identity: "OK" in copy.ask("CLUSTER", "REPLICATE", of), "a copy is one", 30)

    @staticmethod
    def _holds(ranges: list[str]) -> bool:
        slot = slot_of("dnsd")
        bounds = [each.partition("-") for each in ranges if each[0] != "["]
        return any(int(low) <= slot <= int(high or low) for low, _, high in bounds)


def slot_of(tag: str) -> int:
    """The Cluster's slot of a hash tag: CRC16 (XMODEM) modulo 16,384."""
    crc = 0
    for octet in tag.encode():
        crc ^= octet << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc % 16_384


def cluster_port() -> int:
    """A free port whose bus port, 10,000 above, is none for clients either."""
    while (port := free_port()) + 10_000 >= OVER:
        time.sleep(0)
    return port


def ask(path: Path, *words: str) -> str:
    """One command to whoever listens on this socket; "" when nobody does."""
    asked = Server.__new__(Server)
    asked.socket = str(path)
    return asked.ask(*words)
