import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest
from waiting import eventually

from dnsd.model.errors import StoreUnavailable
from dnsd.runtime.clock import SystemClock
from dnsd.store import embedded
from dnsd.store.embedded import EmbeddedStore, is_answering


@asynccontextmanager
async def running(tmp_path):
    store = EmbeddedStore(str(tmp_path / "store"), [str(tmp_path)], SystemClock())
    await store.start()
    try:
        await asyncio.wait_for(store.ready(), 20)
        yield store
    finally:
        await store.stop()


def asked(store, *words):
    """The store's reply to one command, as it comes."""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(5)
        door.connect(store.url.removeprefix("unix://"))
        door.sendall((" ".join(words) + "\r\n").encode())
        return door.recv(65_536).decode()


async def test_it_runs_privately_and_durably(tmp_path):
    async with running(tmp_path) as store:
        assert asked(store, "PING") == "+PONG\r\n"
        for name, value in (
            ("appendonly", "yes"),
            ("appendfsync", "always"),
            ("port", "0"),
            ("save", ""),
            ("maxmemory-policy", "noeviction"),
        ):
            assert asked(store, "CONFIG", "GET", name).split("\r\n")[4] == value
        path = store.url.removeprefix("unix://")
        assert os.stat(path).st_mode & 0o777 == 0o700
        pid = store.pid
    assert not os.path.exists(path)
    assert not os.path.exists(f"/proc/{pid}")


async def test_what_was_acknowledged_outlives_kill_9_and_a_restart(tmp_path):
    async with running(tmp_path) as store:
        assert asked(store, "SET", "a", "1") == "+OK\r\n"
        first = store.pid
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: store.pid not in (None, first))
        await eventually(lambda: is_answering(store.url.removeprefix("unix://")))
        assert asked(store, "GET", "a") == "$1\r\n1\r\n"
    async with running(tmp_path) as store:
        assert asked(store, "GET", "a") == "$1\r\n1\r\n"


async def test_a_second_one_on_the_directory_is_refused(tmp_path):
    async with running(tmp_path):
        with pytest.raises(StoreUnavailable, match="is used by another dnsd"):
            await EmbeddedStore(str(tmp_path / "store"), [str(tmp_path)], SystemClock()).start()


async def test_files_of_a_newer_server_are_refused(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "server.json").write_text('{"server": "valkey", "version": "99.0.0"}')
    with pytest.raises(
        StoreUnavailable, match=r"embedded store in .*store: its files were written by Valkey 99.0.0"
    ) as refusal:
        await EmbeddedStore(str(tmp_path / "store"), [str(tmp_path)], SystemClock()).start()
    assert refusal.value.reason == "foreign-directory"


async def test_files_that_the_server_cannot_load_are_told_in_its_words(tmp_path):
    (tmp_path / "store" / "appendonlydir").mkdir(parents=True)
    (tmp_path / "store" / "appendonlydir" / "appendonly.aof.manifest").write_text("garbage\n")
    store = EmbeddedStore(str(tmp_path / "store"), [str(tmp_path)], SystemClock())
    await store.start()
    with pytest.raises(StoreUnavailable, match=r"does not start: .+") as refusal:
        await asyncio.wait_for(store.ready(), 20)
    assert "\n" not in str(refusal.value)
    await store.stop()


async def test_a_full_disk_is_named_when_the_server_ends(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(embedded, "_FREE_OCTETS_LEAST", 1 << 62)
    async with running(tmp_path) as store:
        first = store.pid
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: store.pid not in (None, first))
    assert f"the disk of {tmp_path / 'store'} is full" in caplog.text


async def test_its_log_lines_are_passed_on_while_it_runs(tmp_path, caplog):
    caplog.set_level(logging.INFO, "dnsd.store.embedded")
    async with running(tmp_path) as store:
        assert "overcommit" not in caplog.text
        assert asked(store, "BGREWRITEAOF").startswith("+")
        await eventually(lambda: "Background AOF rewrite finished successfully" in caplog.messages)
    assert {record.levelname for record in caplog.records} == {"INFO"}
    assert "bye bye" not in caplog.text


async def test_it_dies_with_its_parent(tmp_path):
    code = f"""
import asyncio
from dnsd.runtime.clock import SystemClock
from dnsd.store.embedded import EmbeddedStore
async def main():
    store = EmbeddedStore({str(tmp_path / "store")!r}, [{str(tmp_path)!r}], SystemClock())
    await store.start()
    await store.ready()
    print(store.pid, flush=True)
    await asyncio.sleep(100)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    async with running(tmp_path) as store:  # the lock is free only when that one is gone
        assert store.pid != pid
        assert asked(store, "PING") == "+PONG\r\n"


async def test_nobody_answers_where_nobody_listens(tmp_path):
    assert not await is_answering(str(tmp_path / "nobody"))
