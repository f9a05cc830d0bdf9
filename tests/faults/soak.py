"""The soak, on demand: ``python tests/faults/soak.py --minutes 60 --seed 7``. Row 23 of the table of faults.

Three replicas on one Redis, writers, heartbeats, and one random fault every half minute; three probes that know the
truth compare every answer. What a replica does while a fault holds *it* down is forgiven if it is silence; a wrong
answer never is. Ends with 1 when a figure does not hold.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import aiohttp
from faults.loopback import own_loopback
from faults.probe import PATIENCE_SECONDS, Probe, Wrong
from faults.replica import Replica, Writers, endpoint_body, endpoint_path, until
from servers import Server

PERMANENT = {f"kept-{number}": [f"192.0.2.{number}", f"198.51.100.{number}"] for number in range(1, 21)}
LEASED = {f"leased-{number}": [f"10.5.0.{number}", f"10.5.1.{number}"] for number in range(1, 31)}
RENEW_SECONDS = 5.0
FILL_SECONDS = 75.0
"""So long 200 writes a second fill what keeps the last 10,000 changes, before memory is looked at."""
SETTLED_SECONDS = 6.0
RSS_SLOPE_MOST = 1_000_000 / 600
"""Octets a second: one megabyte in ten minutes."""
FILES_SLOPE_MOST = 1 / 600
"""Open files a second: one in ten minutes."""
CALM_SECONDS = 60.0
"""Of so long the fewest open files count: while the store is silent there are up to 32 more, a leak never goes back."""
FORGIVEN = ("unanswered", "refused", "SERVFAIL")


class Soak:
    """One run. ``downs``: replica -> times in which it could not answer, as (from, to)."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.server = Server(
            "redis", Path(tempfile.mkdtemp(prefix="dnsd-")), "--appendonly", "yes", "--appendfsync", "always"
        )
        self.replicas = [
            Replica(folder / name, self.server.url, name=name, workers=1, flags=["--lame-duck-seconds", "1"])
            for name in ("one", "two", "three")
        ]
        self.downs: dict[str, list[tuple[float, float]]] = {replica.name: [] for replica in self.replicas}
        self.done: Counter[str] = Counter()
        self.counted: dict[str, list[tuple[float, int, int]]] = {}
        """Of the first replica's processes, and of all together: when, octets resident, open files."""
        self.faults: list[Callable[[], Awaitable[None]]] = [
            self.stop_store, self.kill_store, self.cut_connections, self.kill_replica,
            self.end_replica, self.pause_replica, self.kill_responder, self.kill_control,
        ]  # fmt: skip

    async def run(self, seconds: float, fault_every: float) -> int:
        """From start to summary; the exit status."""
        for replica in self.replicas:
            replica.start()
        for replica in self.replicas:
            await asyncio.to_thread(replica.wait)
        await Writers(self.replicas, 200, seed=self.chance.randrange(1 << 30), ids=10).run(FILL_SECONDS)
        names = {**self.replicas[0].fill(PERMANENT), **self.replicas[0].fill(LEASED, 15)}
        probes = {replica.name: Probe(replica.dns, names) for replica in self.replicas}
        end = time.monotonic() + seconds
        writers = Writers(self.replicas, 20, seed=self.chance.randrange(1 << 30), ids=10)
        beside = [asyncio.ensure_future(work) for work in (writers.run(seconds), self._renew(end), self._measure(end))]
        for probe in probes.values():
            probe.__enter__()
        try:
            while time.monotonic() + fault_every < end:
                await asyncio.sleep(fault_every / 2)
                await self._one_fault()
                await asyncio.sleep(fault_every / 2)
            await asyncio.gather(*beside)
            await asyncio.sleep(SETTLED_SECONDS)
            records = [await asyncio.to_thread(replica.records) for replica in self.replicas]
        finally:
            for probe in probes.values():
                probe.__exit__(None, None, None)
        return self._tell(probes, writers, records)

    async def _one_fault(self) -> None:
        fault = self.chance.choice(self.faults)
        self.done[fault.__name__] += 1
        start = time.monotonic()
        await fault()
        print(f"{time.strftime('%H:%M:%S')} {fault.__name__} {time.monotonic() - start:.1f} s", flush=True)

    async def stop_store(self) -> None:
        self.server.stop()
        await asyncio.sleep(self.chance.uniform(2, 12))
        self.server.wake()

    async def kill_store(self) -> None:
        self.server.kill()
        await asyncio.sleep(self.chance.uniform(0, 8))
        await asyncio.to_thread(self.server.start)

    async def cut_connections(self) -> None:
        for _ in range(5):
            self.server.ask("CLIENT", "KILL", "TYPE", "normal")
            await asyncio.sleep(self.chance.uniform(0, 2))

    async def kill_replica(self) -> None:
        await self._away(self._victim(), lambda replica: replica.kill(), lambda replica: replica.start())

    async def end_replica(self) -> None:
        await self._away(self._victim(), lambda replica: replica.end(), lambda replica: replica.start())

    async def pause_replica(self) -> None:
        stop, wake = (lambda replica: replica.signal(signal.SIGSTOP)), (lambda replica: replica.signal(signal.SIGCONT))
        await self._away(self.chance.choice(self.replicas), stop, wake)

    async def kill_responder(self) -> None:
        await self._kill_part("dnsd.app responder")

    async def kill_control(self) -> None:
        await self._kill_part("dnsd.app control")

    def _victim(self) -> Replica:
        return self.chance.choice(self.replicas[1:])  # the first one's memory is watched over its whole life

    async def _kill_part(self, role: str) -> None:
        replica = self._victim()

        def kill(replica: Replica) -> None:
            for pid in replica.children(role):
                os.kill(pid, signal.SIGKILL)

        await self._away(replica, kill, lambda replica: None)

    async def _away(self, replica: Replica, go: Callable[[Replica], object], back: Callable[[Replica], object]) -> None:
        start = time.monotonic()
        await asyncio.to_thread(go, replica)
        await asyncio.sleep(self.chance.uniform(0.5, 8))
        await asyncio.to_thread(back, replica)
        await asyncio.to_thread(
            until, lambda: isinstance(replica.answer("kept-1"), frozenset), f"{replica.name} is back", 60
        )
        self.downs[replica.name].append((start, time.monotonic()))

    async def _renew(self, end: float) -> None:
        """Heartbeats as a client sends them: to any replica, to the next one when it does not answer."""
        items = [
            {"namespace": "default", "service": service, "id": f"{service}-{number}"}
            for service, addresses in LEASED.items()
            for number in range(len(addresses))
        ]
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while time.monotonic() < end + SETTLED_SECONDS:
                for replica in self.chance.sample(self.replicas, len(self.replicas)):
                    try:
                        async with session.post(f"{replica.url}/v1/renew", json={"endpoints": items}) as reply:
                            document = await reply.json(content_type=None)
                    except (aiohttp.ClientError, OSError, TimeoutError):
                        continue
                    self.done["renewed" if document["stored"] else "renewed, not stored"] += 1
                    for each in document["unknown"]:
                        self.done["LOST LEASE"] += 1
                        address = LEASED[each["service"]][int(each["id"].rpartition("-")[2])]
                        await self._again(session, replica, each, address)
                    break
                await asyncio.sleep(RENEW_SECONDS)

    async def _again(
        self, session: aiohttp.ClientSession, replica: Replica, each: dict[str, str], address: str
    ) -> None:
        url = replica.url + endpoint_path(each["service"], each["id"])
        async with session.put(url, json=endpoint_body(address, 15)):
            return

    async def _measure(self, end: float) -> None:
        while time.monotonic() < end:
            now, processes = time.monotonic(), self.replicas[0].processes()
            for process, (octets, files) in processes.items():
                self.counted.setdefault(process, []).append((now, octets, files))
            whole = [sum(each) for each in zip(*processes.values(), strict=True)]
            self.counted.setdefault("all", []).append((now, *whole))
            await asyncio.sleep(5)

    def _is_forgiven(self, name: str, wrong: Wrong) -> bool:
        silent = wrong.what.startswith(FORGIVEN)
        return silent and any(
            start - 0.1 <= wrong.at <= end + PATIENCE_SECONDS + 0.5 for start, end in self.downs[name]
        )

    def _tell(self, probes: dict[str, Probe], writers: Writers, records: list[dict[str, str]]) -> int:
        asked = sum((probe.tally.asked for probe in probes.values()), Counter())
        wrong = [(name, each) for name, probe in probes.items() for each in probe.tally.wrong]
        unforgiven = [(name, each) for name, each in wrong if not self._is_forgiven(name, each)]
        lost, differing = writers.lost_from(records[0]), [each for each in records[1:] if each != records[0]]
        tracebacks = sum(replica.log.count("Traceback") for replica in self.replicas)
        print(f"asked {dict(asked)}; silent while held down {len(wrong) - len(unforgiven)}; wrong {len(unforgiven)}")
        for name, each in unforgiven[:20]:
            print(f"  {name} {each}")
        print(f"done {dict(self.done)}")
        print(f"writes acknowledged {len(writers.replied_at)}, refused {len(writers.refused)}, lost {len(lost)}")
        print(f"replicas unlike the first {len(differing)}; tracebacks {tracebacks}")
        is_flat = self._tell_growth()
        is_well = not (unforgiven or lost or differing or tracebacks or self.done["LOST LEASE"])
        return 0 if is_well and is_flat else 1

    def _tell_growth(self) -> bool:
        """Say which process grows, by how much; False when the memory or the open files of all do too much."""
        for process, counted in self.counted.items():
            octets, files = growth_of(counted)
            of = [each[2] for each in counted]
            print(
                f"{process}: RSS {octets * 600 / 1e6:+.2f} MB per 10 min, now {counted[-1][1] / 1e6:.1f} MB; "
                f"open files {files * 600:+.2f} per 10 min, {min(of)} to {max(of)}"
            )
        octets, files = growth_of(self.counted["all"])
        return octets <= RSS_SLOPE_MOST and files <= FILES_SLOPE_MOST

    def close(self) -> None:
        """End everything that was started here."""
        for replica in self.replicas:
            replica.kill()
        self.server.kill()


def growth_of(counted: list[tuple[float, int, int]]) -> tuple[float, float]:
    """Octets and open files a second by which it grows, the first third left out: caches fill."""
    late = counted[len(counted) // 3 :]
    return slope_of([(at, octets) for at, octets, _ in late]), slope_of(_calm(late))


def _calm(counted: list[tuple[float, int, int]]) -> list[tuple[float, int]]:
    """The fewest open files of each stretch of CALM_SECONDS, with the middle of that time."""
    stretches: dict[int, list[int]] = {}
    for at, _, files in counted:
        stretches.setdefault(int((at - counted[0][0]) / CALM_SECONDS), []).append(files)
    whole = list(stretches.items())[:-1] or list(stretches.items())  # the last one has just begun
    return [((number + 0.5) * CALM_SECONDS, min(files)) for number, files in whole]


def slope_of(points: list[tuple[float, int]]) -> float:
    """By how much a second it grows, by least squares."""
    middle, mean = sum(at for at, _ in points) / len(points), sum(number for _, number in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    return sum((at - middle) * (number - mean) for at, number in points) / spread if spread else 0.0


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--fault-every", type=float, default=30, metavar="SECONDS")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with own_loopback(), tempfile.TemporaryDirectory(prefix="dnsd-soak-") as folder:
        soak = Soak(Path(folder), arguments.seed)
        try:
            return asyncio.run(soak.run(arguments.minutes * 60, arguments.fault_every))
        finally:
            soak.close()


if __name__ == "__main__":
    sys.exit(main())
