"""Rows 16 and 17: a store that is there and says no, and a store that holds what nobody can read."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.probe import Probe
from faults.replica import Replica, endpoint_body, endpoint_path, until
from room import lacking, require
from servers import Server

pytestmark = pytest.mark.timeout(200)

TRUTH = {f"kept-{number}": [f"192.0.2.{number}", f"198.51.100.{number}"] for number in range(1, 6)}
KEY = "{dnsd}:endpoints"
TRIES_MOST, REFUSED_SECONDS = 4000, 20
LOADING = ("--loading-process-events-interval-bytes", "1024")
"""So often a server that loads its file says so to whoever asks; by default every two megabytes."""
BULK = "x" * 3000


def _write(replica: Replica, number: int = 0, metadata: str = "") -> tuple[int, str]:
    """Register something: status, and the reason when it was refused."""
    body = {**endpoint_body(f"10.1.{number // 250}.{number % 250 + 1}", None), "metadata": {"pad": metadata}}
    status, document = replica.call("PUT", endpoint_path(f"new-{number}", "n"), body)
    return status, document.get("reason", "")


def _until_refused(replica: Replica, reason: str, metadata: str = "") -> None:
    """Write until a write is refused for this reason and no other."""
    end, told = time.monotonic() + REFUSED_SECONDS, set()
    for number in range(TRIES_MOST):
        told.add(_write(replica, number, metadata))
        if (503, reason) in told or time.monotonic() > end:
            break
    assert (503, reason) in told
    # A connection that was cut is told as such once; nothing else may be told.
    assert told - {(503, reason)} <= {(200, ""), (201, ""), (503, "connection")}


def _until_taken(replica: Replica) -> None:
    until(lambda: _write(replica, 1)[0] in (200, 201), "writes are taken again", 30)


def test_every_refusal_of_the_store_is_told_with_its_reason(make_server, make_replica):
    """Row 16: MISCONF, OOM, READONLY, LOADING, NOAUTH are each a 503 with its reason; the probe sees nothing of it."""
    server: Server = make_server("redis", "--appendonly", "yes", "--enable-debug-command", "yes", *LOADING)
    replica = make_replica(server.url)
    with Probe(replica.dns, replica.fill(TRUTH)) as probe:
        server.ask("CONFIG", "SET", "maxmemory", "1")
        _until_refused(replica, "out-of-memory")
        server.ask("CONFIG", "SET", "maxmemory", "0")
        _until_taken(replica)

        server.ask("REPLICAOF", "127.0.0.1", "1")
        _until_refused(replica, "read-only")
        server.ask("REPLICAOF", "NO", "ONE")
        _until_taken(replica)

        server.ask_each(("CONFIG", "SET", "requirepass", "secret"), ("CLIENT", "KILL", "TYPE", "normal"))
        _until_refused(replica, "no-auth")
        server.ask_each(("AUTH", "secret"), ("CONFIG", "SET", "requirepass", ""))
        _until_taken(replica)

        server.ask("DEBUG", "POPULATE", "150", "ballast", "2000")
        server.ask("CONFIG", "SET", "key-load-delay", "20000")  # microseconds a key
        server.ask("DEBUG", "RELOAD")
        _until_refused(replica, "loading")
        _until_taken(replica)

        _let_snapshots_fail(server)
        _until_refused(replica, "misconf")
        server.ask("CONFIG", "SET", "save", "")
        server.ask("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
        _until_taken(replica)
    probe.assert_flawless()


def _let_snapshots_fail(server: Server) -> None:
    """From now on Redis cannot write its file, says so to itself once, and refuses writes."""
    (server.folder / "dump.rdb").unlink(missing_ok=True)
    (server.folder / "dump.rdb").mkdir()  # what cannot be replaced by a file
    server.ask("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
    server.ask("CONFIG", "SET", "save", "3600 1")

    def has_failed() -> bool:
        # Behind a rewrite of the append-only file, if one is under way; asked again in case that one takes its place.
        server.ask("BGSAVE", "SCHEDULE")
        return "rdb_last_bgsave_status:err" in server.ask("INFO", "persistence")

    until(has_failed, "a snapshot has failed", 60)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a disk of two megabytes."""
    if os.geteuid() != 0:
        lacking("root, to mount")
    folder = Path(tempfile.mkdtemp(prefix="dnsd-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    shutil.rmtree(folder)


def test_a_full_disk_under_the_store_is_told_and_answers_go_on(small_disk, make_replica):
    """Row 16: with its append-only file on a full disk, Redis answers MISCONF; when there is room it takes writes."""
    require("redis-server")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * (1 << 20))
    server = Server("redis", small_disk, "--appendonly", "yes", "--appendfsync", "everysec")
    try:
        replica = make_replica(server.url)
        with Probe(replica.dns, replica.fill(TRUTH)) as probe:
            _until_refused(replica, "misconf", BULK[:900])
            ballast.unlink()
            _until_taken(replica)
        probe.assert_flawless()
    finally:
        server.kill()


HUGE = [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in range(200_000)]
GARBAGE: list[tuple[str, str]] = [
    ("default/kept-1/bad-json", "7 7 0 - {\"addresses\": [\"192.0.2"),
    ("default/kept-2/no-line", "what is this"),
    ("default/kept-3/wrong-types", '7 7 0 - {"a": 17, "p": "x"}'),
    ("default/kept-4/no-address", "7 7 0 - {}"),
    ("default/huge/one", "7 7 0 - " + json.dumps({"addresses": HUGE})),
    ("not a key at all", "7 7 0 - {}"),
    ("default/kept-5/" + "n" * 5000, "7 7 0 - {}"),
]  # fmt: skip


def test_garbage_in_the_store_is_skipped_counted_and_logged_once(make_server, make_replica):
    """Row 17: what cannot be read is left out at a load; all good ones are served, before and after."""
    server: Server = make_server("redis", "--appendonly", "yes")
    replica = make_replica(server.url)
    names = replica.fill(TRUTH)
    with Probe(replica.dns, names) as probe:
        for member, line in GARBAGE:
            server.ask("HSET", KEY, member, line)
        other = make_replica(server.url, "other")  # loads them; the first hears of them when it loads anew
        with Probe(other.dns, names) as newcomer:
            server.ask("CLIENT", "KILL", "TYPE", "normal")
            for each in (replica, other):
                until(lambda each=each: each.register("more", each.name, "10.0.0.9"), "a write is taken")
                until(lambda each=each: each.answer("more") != "NXDOMAIN", "and served")
    for seen in (probe, newcomer):
        seen.assert_flawless()
    assert other.log.count("make no sense and are skipped") == 1
    assert other.metric("dnsd_registry_bad_records") == len(GARBAGE)


def test_a_stranger_in_the_place_of_our_keys_is_told_and_answers_go_on(make_server, make_replica):
    """Row 17: a key of the wrong type refuses writes with its reason, and takes nothing from the answers."""
    server: Server = make_server("redis")
    replica = make_replica(server.url)
    with Probe(replica.dns, replica.fill(TRUTH)) as probe:
        server.ask("DEL", "{dnsd}:leases")
        server.ask("SET", "{dnsd}:leases", "a string")
        _until_refused(replica, "wrong-type")
        server.ask("DEL", "{dnsd}:leases")
        _until_taken(replica)
    probe.assert_flawless()
