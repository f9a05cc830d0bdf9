"""A thousand watchers cost DNS nothing: the responder's CPU a query, and the queries answered."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import aiohttp
import pytest
from room import require, until
from servers import free_port

WATCHERS = 1000
SECONDS = 5
RATE = 3000
ADMIN, DNS = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
TICKS = os.sysconf("SC_CLK_TCK")


def put(number: int) -> None:
    url = f"http://{ADMIN}/v1/namespaces/default/services/web/endpoints/n{number % 10}"
    body = json.dumps({"address": f"192.0.2.{number % 200 + 1}", "ports": {"http": 80}}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="PUT")
    urllib.request.urlopen(request, timeout=20).close()


def responder_of(parent: int) -> int:
    """The child that has the most threads of nothing but DNS: the one named so on its command line."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return next(int(pid) for pid in children if b"responder" in Path(f"/proc/{pid}/cmdline").read_bytes())


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def load(pid: int, folder: Path) -> tuple[float, float]:
    """Microseconds of the responder's CPU a query, and the share of queries answered, under five writes a second."""
    questions = folder / "questions"
    questions.write_text("web.default.svc.cluster.local A\n_http._tcp.web.default.svc.cluster.local SRV\n")
    host, port = DNS.split(":")
    words = ["dnsperf", "-s", host, "-p", port, "-d", str(questions), "-l", str(SECONDS), "-Q", str(RATE)]
    before = cpu_seconds(pid)
    process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE)
    end = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < end:
        await asyncio.to_thread(put, number)
        number += 1
        await asyncio.sleep(0.2)
    told = (await process.communicate())[0].decode()
    used = cpu_seconds(pid) - before
    sent, completed = (int(re.search(rf"Queries {word}:\s+(\d+)", told)[1]) for word in ("sent", "completed"))
    return used / completed * 1e6, completed / sent


@pytest.mark.long
@pytest.mark.timeout(170)
async def test_a_thousand_watchers_cost_dns_nothing(tmp_path: Path) -> None:
    require("dnsperf")
    words = ["serve", "--dns", DNS, "--admin", ADMIN, "--state-dir", str(tmp_path / "state")]
    log = (tmp_path / "log").open("w")
    served = subprocess.Popen([sys.executable, "-m", "dnsd", *words], stdout=log, stderr=log)
    try:
        until(lambda: "ready" in (tmp_path / "log").read_text(), "dnsd serve is ready", 20)
        await asyncio.to_thread(put, 0)
        pid = responder_of(served.pid)
        await load(pid, tmp_path)  # warm
        without = await load(pid, tmp_path)
        told = await _watched(pid, tmp_path)
        again = await load(pid, tmp_path)
    finally:
        served.terminate()
        served.wait(20)
        log.close()
    print(f"\nus a query and share answered: without {without}, with {WATCHERS} watchers {told}, without {again}")
    assert told[1] == 1.0
    assert told[0] <= 1.5 * max(without[0], again[0])


async def _watched(pid: int, folder: Path) -> tuple[float, float]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(None)) as session:
        url = f"http://{ADMIN}/v1/watch?name=web.default.svc.cluster.local"
        streams = [await session.get(url) for _ in range(WATCHERS)]
        counted = [0] * WATCHERS

        async def read(number: int, response: aiohttp.ClientResponse) -> None:
            async for chunk in response.content.iter_any():
                counted[number] += chunk.count(b"event: answer")

        readers = [asyncio.create_task(read(*each)) for each in enumerate(streams)]
        told = await load(pid, folder)
        async with asyncio.timeout(30):
            while min(counted) < 3:  # the answer at the start, and changes: on a busy machine few writes are made
                await asyncio.sleep(0.1)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        print(f"\nevents a watcher: {min(counted)} to {max(counted)}")
        return told
