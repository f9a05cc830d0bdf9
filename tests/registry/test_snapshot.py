"""What a replica wrote before it was killed is what it reads, whatever the kill cut short."""

from pathlib import Path

import pytest

from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, Port, Service
from dnsd.registry import snapshot as snapshots
from dnsd.registry.snapshot import JOURNAL_RECORDS_LEAST, RECORDS_A_LINE, Saved, Snapshot

WEB = Service("default", "web", declared=False, revision=1, generation=1)
ONE = Endpoint("default", "web", "one", ("10.0.0.1",), (Port("http", "TCP", 80),), revision=1, generation=1)
TWO = Endpoint("default", "web", "two", ("10.0.0.2",), lease_seconds=None, draining=True, revision=2, generation=2)
EPOCH = "e1"


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """A snapshot of WEB and ONE as of revision 1, and an open journal behind it."""
    made = Snapshot(tmp_path / "mirror")
    made.begin(EPOCH, 1)
    made.write(EPOCH, 1, [WEB, ONE], 100.0)
    return made


def _read(tmp_path: Path) -> Saved:
    saved = Snapshot(tmp_path / "mirror").read()
    assert saved is not None
    return saved


def _ids(saved: Saved) -> set[str]:
    return {endpoint.id for endpoint in saved.inventory.endpoints()}


def test_nothing_saved(tmp_path: Path) -> None:
    assert Snapshot(tmp_path / "mirror").read() is None
    assert Snapshot(tmp_path / "mirror").is_due


def test_snapshot_and_journal_come_back_whole(tmp_path: Path, snapshot: Snapshot) -> None:
    snapshot.append(Change(2, (TWO,)), 200.0)
    saved = _read(tmp_path)
    assert (saved.epoch, saved.revision, saved.written_at) == (EPOCH, 2, 200.0)
    assert saved.inventory.endpoint(TWO.key) == TWO
    found = saved.inventory.endpoint(ONE.key)
    assert found == ONE
    assert found is not None
    assert (found.revision, found.generation) == (1, 1)
    service = saved.inventory.service(WEB.key)
    assert service is not None
    assert not service.declared
    snapshot.append(Change(3, (), (Removal(ONE.key, "expired"),)), 300.0)
    assert _ids(_read(tmp_path)) == {"two"}
    snapshot.close()


def _many(count: int) -> list[Endpoint]:
    return [Endpoint("default", "web", f"e{number}", (f"10.0.1.{number}",)) for number in range(count)]


@pytest.mark.parametrize("count", [0, RECORDS_A_LINE - 1, RECORDS_A_LINE, 2 * RECORDS_A_LINE + 1])
def test_however_many_there_are_all_come_back(tmp_path: Path, snapshot: Snapshot, count: int) -> None:
    snapshot.write(EPOCH, 1, [WEB, *_many(count)], 100.0)
    assert _ids(_read(tmp_path)) == {f"e{number}" for number in range(count)}
    snapshot.close()


def test_one_that_was_written_a_record_a_line_is_read(
    tmp_path: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "RECORDS_A_LINE", 1)
    snapshot.write(EPOCH, 1, [WEB, *_many(3)], 100.0)
    snapshot.close()
    lines = (tmp_path / "mirror" / "snapshot").read_text().splitlines()
    assert len(lines) == 1 + 4 + 1
    assert _ids(_read(tmp_path)) == {"e0", "e1", "e2"}


def test_a_line_that_is_missing_makes_it_none(tmp_path: Path, snapshot: Snapshot) -> None:
    snapshot.write(EPOCH, 1, [WEB, *_many(2 * RECORDS_A_LINE)], 100.0)
    snapshot.close()
    path = tmp_path / "mirror" / "snapshot"
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == 5
    assert lines[-1].endswith(f'{{"records": {1 + 2 * RECORDS_A_LINE}}}\n')
    path.write_text("".join(lines[:2] + lines[3:]))
    assert Snapshot(tmp_path / "mirror").read() is None


@pytest.mark.parametrize("kept", [0, 1, 20, 60])
def test_a_torn_journal_is_read_up_to_the_tear(tmp_path: Path, snapshot: Snapshot, kept: int) -> None:
    snapshot.append(Change(2, (TWO,)), 200.0)
    snapshot.close()
    path = tmp_path / "mirror" / "journal-1"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 61 + kept])
    saved = _read(tmp_path)
    assert (saved.revision, _ids(saved)) == (1, {"one"})


def test_a_snapshot_cut_short_or_changed_is_none(tmp_path: Path, snapshot: Snapshot) -> None:
    snapshot.close()
    path = tmp_path / "mirror" / "snapshot"
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole.replace(b"10.0.0.1", b"10.0.0.9"), b"", b"\xff" * 10, b'{"format":1}\n'):
        path.write_bytes(damaged)
        assert Snapshot(tmp_path / "mirror").read() is None
    path.write_bytes(whole)
    assert _ids(_read(tmp_path)) == {"one"}


def test_a_kill_between_journal_and_snapshot_loses_nothing(tmp_path: Path, snapshot: Snapshot) -> None:
    """The new journal has begun, its snapshot is not written: the old snapshot and both journals tell all."""
    snapshot.append(Change(2, (TWO,)), 200.0)
    snapshot.begin(EPOCH, 2)
    snapshot.append(Change(3, (), (Removal(ONE.key, "deleted"),)), 300.0)
    (tmp_path / "mirror" / "snapshot.new").write_text("half a")
    saved = _read(tmp_path)
    assert (saved.revision, _ids(saved)) == (3, {"two"})
    snapshot.write(EPOCH, 2, [WEB, ONE, TWO], 250.0)
    assert sorted(path.name for path in (tmp_path / "mirror").iterdir()) == ["journal-2", "snapshot"]
    assert _ids(_read(tmp_path)) == {"two"}
    snapshot.close()


def test_a_journal_of_another_epoch_is_not_mixed_in(tmp_path: Path, snapshot: Snapshot) -> None:
    snapshot.begin("e2", 5)
    snapshot.append(Change(6, (TWO,)), 200.0)
    snapshot.close()
    saved = _read(tmp_path)
    assert (saved.epoch, saved.revision, _ids(saved)) == (EPOCH, 1, {"one"})


def test_a_journal_that_begins_after_a_gap_is_not_read(tmp_path: Path, snapshot: Snapshot) -> None:
    """Killed while the snapshot of revision 7 was written: what happened from 2 to 7 stands nowhere."""
    snapshot.append(Change(2, (TWO,)), 200.0)
    snapshot.begin(EPOCH, 7)
    snapshot.append(Change(8, (), (Removal(ONE.key, "deleted"),)), 300.0)
    snapshot.close()
    saved = _read(tmp_path)
    assert (saved.revision, _ids(saved)) == (2, {"one", "two"})


def test_what_came_since_a_revision(tmp_path: Path, snapshot: Snapshot) -> None:
    snapshot.append(Change(2, (TWO,)), 200.0)
    snapshot.begin(EPOCH, 2)
    gone = Change(3, (), (Removal(ONE.key, "expired"),))
    snapshot.append(gone, 300.0)
    for revision, changes in ((1, [Change(2, (TWO,)), gone]), (2, [gone]), (3, [])):
        since = snapshot.since(EPOCH, revision)
        assert since is not None
        assert (since.changes, since.written_at) == (changes, 300.0)
    assert snapshot.since("e2", 2) is None
    snapshot.write(EPOCH, 3, [WEB, TWO], 300.0)
    assert snapshot.since(EPOCH, 2) is None, "the journals that led on from there are gone"
    snapshot.close()


def test_the_newest_word_of_another_server_stands_in_the_journals(tmp_path: Path, snapshot: Snapshot) -> None:
    assert Snapshot(tmp_path / "none").newest("") is None
    snapshot.append(Change(2, (TWO,)), 200.0)
    snapshot.begin(EPOCH, 2)
    snapshot.append(Change(3, (), (Removal(ONE.key, "expired"),)), 300.0)
    snapshot.begin("e2", 3)
    snapshot.append(Change(4), 400.0)
    snapshot.close()
    assert snapshot.newest("another") == (EPOCH, 3)
    assert snapshot.newest("") == snapshot.head() == (EPOCH, 1), "the same server does not go back"


def test_how_many_removals_the_store_had_counted_is_known_or_said_to_be_unknown(tmp_path: Path) -> None:
    made = Snapshot(tmp_path / "mirror")
    made.begin(EPOCH, 1)
    made.write(EPOCH, 1, [WEB, ONE], 100.0, removed=30)
    assert _read(tmp_path).removed == 30
    torn = made.since(EPOCH, 2)
    assert torn is not None
    assert torn.removed is None, "the journal does not reach so far"
    made.append(Change(2, (), (Removal(ONE.key, "expired"),)), 200.0, 31)
    assert _read(tmp_path).removed == 31
    made.append(Change(3, (TWO,)), 300.0)
    assert _read(tmp_path).removed is None
    made.close()


def test_a_journal_of_many_records_asks_for_a_new_snapshot(tmp_path: Path) -> None:
    """A quarter of all, and 10,000 at least: what is read after the snapshot is small beside it."""
    made, change = Snapshot(tmp_path), Change(2, (ONE, TWO) * (JOURNAL_RECORDS_LEAST // 10))
    made.begin(EPOCH, 1)
    made.write(EPOCH, 1, [WEB] * (5 * JOURNAL_RECORDS_LEAST), 100.0)
    for _ in range(6):
        made.append(change, 200.0)
    assert not made.is_due
    made.append(change, 200.0)
    assert made.is_due
    made.close()


def test_a_long_journal_asks_for_a_new_snapshot(snapshot: Snapshot) -> None:
    assert not snapshot.is_due
    for number in range(JOURNAL_RECORDS_LEAST):
        snapshot.append(Change(number + 2), 200.0)
    assert snapshot.is_due
    snapshot.close()
