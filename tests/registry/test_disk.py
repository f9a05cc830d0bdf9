"""A replica that restarts without its store answers what it knew; one whose disk fails goes on."""

from itertools import count
from pathlib import Path

from dnsd.registry import disk, snapshot
from dnsd.registry.image import read_mark
from dnsd.registry.snapshot import Snapshot
from dnsd.runtime.pace import Pace
from dnsd.store.operations import delete, put


async def _end(replica) -> None:
    await replica.tasks.stop()
    if replica.disk is not None:
        replica.disk.close()


def _saved_ids(directory: Path) -> set[str]:
    saved = Snapshot(directory).read()
    return set() if saved is None else {each.id for each in saved.inventory.endpoints()}


async def test_a_restart_without_the_store_serves_what_was_known_and_resumes(
    make_replica, make_server, server, make_endpoint, eventually, tmp_path
):
    own = make_server(server.kind)
    before = await make_replica(url=own.url, directory=tmp_path / "m")
    await before.store.write([put(make_endpoint("a"))], 0)
    await before.store.write([put(make_endpoint("b"))], 0)
    await before.store.write([delete(("default", "web", "b"))], 0)
    await eventually(lambda: _saved_ids(tmp_path / "m") == {"a"})
    await _end(before)
    own.stop()
    after = await make_replica("two", url=own.url, directory=tmp_path / "m", is_waited_for=False)
    await eventually(lambda: after.mirror.status().loaded)
    assert after.endpoint("a") is not None
    assert after.endpoint("b") is None
    assert not after.mirror.status().connected
    assert after.mirror.revision == before.mirror.revision
    own.wake()
    await eventually(lambda: after.mirror.status().connected)
    assert after.mirror.status().problem == ""
    assert after.ear.reloads == 1, "the stream leads on from what the disk kept: nothing is loaded again"
    await after.store.write([put(make_endpoint("c"))], 0)
    await eventually(lambda: _saved_ids(tmp_path / "m") == {"a", "c"})


async def test_a_restart_beside_an_emptied_store_keeps_what_the_disk_knows(
    make_replica, make_server, server, make_endpoint, eventually, tmp_path
):
    own = make_server(server.kind)
    before = await make_replica(url=own.url, directory=tmp_path / "m")
    await before.store.write([put(make_endpoint("a"))], 0)
    await eventually(lambda: _saved_ids(tmp_path / "m") == {"a"})
    await _end(before)
    own.ask("FLUSHALL")
    after = await make_replica("two", url=own.url, directory=tmp_path / "m")
    assert after.mirror.status().is_suspect
    assert after.endpoint("a") is not None


async def test_two_replicas_never_share_a_directory(make_replica, make_endpoint, tmp_path, eventually, caplog):
    first = await make_replica("one", directory=tmp_path / "m")
    await eventually(lambda: (tmp_path / "m" / "snapshot").exists())
    second = await make_replica("two", directory=tmp_path / "m")
    await eventually(lambda: second.disk.failures > 0)
    assert "another replica" in second.disk.problem
    assert first.disk.failures == 0
    assert second.mirror.status().connected


async def test_a_disk_that_fails_is_counted_and_stops_nothing(make_replica, make_endpoint, tmp_path, eventually):
    (tmp_path / "file").write_text("no directory")
    replica = await make_replica("one", directory=tmp_path / "file" / "m")
    await replica.store.write([put(make_endpoint("a"))], 0)
    await eventually(lambda: replica.endpoint("a") is not None)
    await eventually(lambda: replica.disk.failures > 0)
    assert "file" in replica.disk.problem


async def test_a_disk_that_is_full_is_counted_and_stops_nothing(make_replica, make_endpoint, tmp_path, eventually):
    directory = tmp_path / "m"
    directory.mkdir()
    (directory / "journal-0").symlink_to("/dev/full")
    replica = await make_replica("one", directory=directory)
    await eventually(lambda: replica.disk.failures > 0)
    assert "No space left" in replica.disk.problem
    await replica.store.write([put(make_endpoint("a"))], 0)
    await eventually(lambda: replica.endpoint("a") is not None)


async def test_a_disk_that_becomes_full_is_counted_and_written_again(
    make_replica, make_endpoint, tmp_path, eventually, monkeypatch
):
    monkeypatch.setattr(disk, "RETRY_SECONDS", 0.05)
    replica = await make_replica("one", directory=tmp_path / "m")
    await eventually(lambda: (tmp_path / "m" / "snapshot").exists() and replica.disk._snapshot.is_open)
    replica.disk._snapshot.close()
    replica.disk._snapshot._journal = Path("/dev/full").open("w")  # noqa: SIM115 (the snapshot closes it)
    for number in range(3):
        await replica.store.write([put(make_endpoint(f"e{number}"))], 0)
        await eventually(lambda number=number: replica.endpoint(f"e{number}") is not None)
    assert replica.disk.failures > 0
    await eventually(lambda: _saved_ids(tmp_path / "m") == {"e0", "e1", "e2"})
    await eventually(lambda: replica.disk.problem == "")


async def test_an_image_follows_soon_where_a_snapshot_went_without(
    make_replica, make_endpoint, tmp_path, eventually, monkeypatch
):
    monkeypatch.setattr(snapshot, "JOURNAL_RECORDS_LEAST", 5)
    monkeypatch.setattr(disk, "IMAGE_PAUSE_SECONDS_LEAST", 1.0)
    replica = await make_replica("one", directory=tmp_path / "m")
    await eventually(lambda: read_mark(tmp_path / "m") is not None)
    await replica.store.write([put(make_endpoint(f"e{number}")) for number in range(6)], 0)
    await eventually(lambda: _saved_ids(tmp_path / "m") == {f"e{number}" for number in range(6)})
    assert read_mark(tmp_path / "m").revision == 0, "one was written a moment ago"
    await eventually(lambda: read_mark(tmp_path / "m").revision == 1)
    await replica.store.write([put(make_endpoint("after"))], 0)
    await eventually(lambda: "after" in _saved_ids(tmp_path / "m"))
    assert read_mark(tmp_path / "m").revision == 1, "the journal leads on from it"


def _tired() -> Pace:
    """Of a thread that thinks it has worked 4 s on each piece: it rests for 36 s, longer than a test waits."""
    turns = count()
    return Pace(lambda: 4.0 * next(turns))


async def test_saving_rests_between_its_pieces(make_replica, tmp_path, eventually, monkeypatch):
    drawn = []
    paced = Pace.paced

    def noted(pace, pieces):
        for piece in paced(pace, pieces):
            drawn.append(type(piece))
            yield piece

    monkeypatch.setattr(Pace, "paced", noted)
    await make_replica("one", directory=tmp_path / "m")
    await eventually(lambda: read_mark(tmp_path / "m") is not None)
    assert set(drawn) == {str, tuple}, "lines of the snapshot, parts of the image"


async def test_who_leaves_rests_no_more(make_replica, tmp_path, eventually, monkeypatch):
    monkeypatch.setattr(disk, "Pace", _tired)
    replica = await make_replica("one", directory=tmp_path / "m")
    await eventually(lambda: (tmp_path / "m" / "snapshot.new").exists())
    await replica.disk.leave(replica.mirror.standing(), 10.0)
    assert read_mark(tmp_path / "m") is not None
    await eventually(lambda: (tmp_path / "m" / "snapshot").exists())


async def test_when_control_ends_its_thread_does_too(make_replica, tmp_path, eventually, monkeypatch):
    monkeypatch.setattr(disk, "Pace", _tired)
    replica = await make_replica("one", directory=tmp_path / "m")
    await eventually(lambda: (tmp_path / "m" / "snapshot.new").exists())
    assert not (tmp_path / "m" / "snapshot").exists()
    await _end(replica)
    await eventually(lambda: (tmp_path / "m" / "snapshot").exists())
