"""Contents and changes on their way into the catalog, and who is told of them. No store is needed for that."""

import asyncio

import pytest

from dnsd.authority.catalog import Catalog
from dnsd.model.change import Change, Removal
from dnsd.model.errors import Gone
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint
from dnsd.registry import intake as module
from dnsd.registry.content import Content
from dnsd.registry.held import FRESH_SECONDS, Held
from dnsd.registry.intake import Intake
from dnsd.registry.kept import Kept
from dnsd.runtime.clock import SystemClock
from dnsd.store.keys import SCHEMA
from dnsd.store.reader import Position
from dnsd.store.record import change_fields


class Ear:
    """An audience that remembers."""

    def __init__(self):
        self.deltas = []
        self.reloads = 0

    def publish(self, delta):
        self.deltas.append(delta)

    def reload(self):
        self.reloads += 1


class Inflow:
    """An intake and who hears of it."""

    def __init__(self):
        self.ear, self.held = Ear(), Held()
        self.catalog = Catalog([name_from_text("cluster.local.")], [], ["127.0.0.1"])
        self.intake = Intake(self.catalog, self.ear, SystemClock(), Kept(None, self.held), self.held)

    @property
    def ids(self):
        return sorted(endpoint.id for endpoint in self.catalog.inventory.endpoints())

    async def load(self, revision, *ids, epoch="one", history="run", age_seconds=0.0):
        await self.intake.load(content(revision, *ids, epoch=epoch, history=history), age_seconds)


@pytest.fixture
def inflow():
    return Inflow()


def endpoint(name, revision=1):
    return Endpoint("default", "web", name, ("192.0.2.1",), revision=revision)


def content(revision, *ids, epoch="one", history="run", removed=0, adopted=None):
    made = Content(Position(epoch, revision, SCHEMA, history, "master", removed, adopted))
    made.endpoints = {each.key: each for each in map(endpoint, ids)}
    made.adopt_orphans()
    return made


def entry(revision, *ids):
    return revision, change_fields(Change(revision, tuple(endpoint(each, revision) for each in ids)))


async def test_a_first_content_is_swapped_in_and_begins_the_past(inflow):
    assert not inflow.intake.is_loaded
    await inflow.load(7, "a", "b")
    assert (inflow.intake.is_loaded, inflow.intake.revision, inflow.intake.history) == (True, 7, "run")
    assert (inflow.intake.past.epoch, inflow.ids, inflow.ear.reloads) == ("one", ["a", "b"], 1)
    assert inflow.catalog.table.loaded


async def test_entries_that_waited_together_are_compiled_once_and_watched_one_by_one(inflow):
    await inflow.load(7)
    watch = inflow.intake.past.watch(None)
    assert await inflow.intake.take([entry(8, "a"), entry(9, "b"), entry(10, "c")])
    assert [delta.revision for delta in inflow.ear.deltas] == [10]
    assert [(await anext(watch))[1].revision for _ in range(3)] == [8, 9, 10]
    assert await inflow.intake.progress.reached(10, 0)


async def test_a_large_crowd_of_entries_is_applied_in_parts(inflow, monkeypatch):
    monkeypatch.setattr(module, "MERGED_MOST", 2)
    await inflow.load(7)
    assert await inflow.intake.take([entry(8, "a"), entry(9, "b"), entry(10, "c")])
    assert [delta.revision for delta in inflow.ear.deltas] == [8, 10]  # the first brings its service too


async def test_what_does_not_lead_on_is_left_and_said(inflow):
    await inflow.load(7)
    assert not await inflow.intake.take([entry(8, "a"), entry(10, "b")])
    assert (inflow.intake.revision, inflow.ids) == (8, ["a"])
    assert await inflow.intake.take([])


async def test_bad_records_are_counted_and_do_not_stop_it(inflow):
    await inflow.load(7)
    assert await inflow.intake.take([(8, ["+endpoint default/web/bad", "garbage"]), entry(9, "a")])
    assert (inflow.intake.bad_records, inflow.ids) == (1, ["a"])


async def test_a_small_difference_in_the_same_epoch_travels_as_one_change(inflow):
    await inflow.load(7, "a", "b")
    watch = inflow.intake.past.watch(None)
    await inflow.load(9, "b", "c")
    assert (inflow.ids, inflow.ear.reloads, len(inflow.ear.deltas)) == (["b", "c"], 1, 1)
    change = (await anext(watch))[1]
    assert [value.key[2] for value in change.puts] == ["c"]
    assert change.removals == (Removal(("default", "web", "a"), "deleted"),)


async def test_a_large_one_is_swapped(inflow, monkeypatch):
    monkeypatch.setattr(module, "DIFFERENCE_MOST", 1)
    await inflow.load(7, "a", "b")
    await inflow.load(9, "b", "c")
    assert (inflow.ids, inflow.ear.reloads, inflow.ear.deltas) == (["b", "c"], 2, [])


async def test_another_epoch_ends_the_past(inflow):
    await inflow.load(7, "a")
    watch = inflow.intake.past.watch(None)
    await inflow.load(3, "a", epoch="two")
    with pytest.raises(Gone):
        await anext(watch)
    assert inflow.intake.past.epoch == "two"


async def test_what_an_emptied_store_lost_is_held_until_it_is_let_go(inflow):
    await inflow.load(7, "a", "b")
    await inflow.load(3, epoch="two")
    assert (inflow.ids, inflow.held.is_suspect) == (["a", "b"], True)
    inflow.intake.let_go(removed=[("default", "web", "a")], standing=[("default", "web", "b"), ("default", "web")])
    assert await inflow.intake.take([])
    assert (inflow.ids, inflow.held.values) == (["b"], {})
    assert inflow.ear.deltas[-1].nodes


@pytest.mark.parametrize("history", ["run", "another"])
async def test_what_is_held_is_held_behind_the_next_load_too(inflow, history):
    """The link was away for long, or the store fell again: what it never had is no less lost for that."""
    await inflow.load(7, "a", "b")
    await inflow.load(1010, epoch="two")
    assert await inflow.intake.take([entry(1011, "c", "d", "e", "f", "g")])
    problem = inflow.held.problem
    await inflow.load(1020, "a", "c", "d", "e", "f", "g", epoch="two", history=history)
    assert inflow.ids == ["a", "b", "c", "d", "e", "f", "g"]
    assert list(inflow.held.values) == [("default", "web", "b")]
    assert inflow.held.problem == problem.replace("2 records", "1 records")
    assert inflow.held.is_fresh
    await inflow.load(1030, "a", "b", "c", "d", "e", "f", "g", epoch="two", history=history)
    assert (inflow.held.values, inflow.held.problem) == ({}, "")


async def test_what_is_held_does_not_make_expired_ones_lost(inflow):
    await inflow.load(7, "a", "b")
    await inflow.load(1010, epoch="two")
    assert await inflow.intake.take([entry(1011, "c", "d", "e")])
    await inflow.intake.load(content(1020, "c", epoch="two", history="another", removed=2), 0.0)
    assert (inflow.ids, len(inflow.held.values)) == (["a", "b", "c"], 2)


async def test_a_second_loss_is_held_beside_the_first(inflow):
    await inflow.load(7, "a", "b")
    await inflow.load(1010, epoch="two")
    assert await inflow.intake.take([entry(1011, "c", "d")])
    await inflow.load(2020, epoch="three", age_seconds=FRESH_SECONDS + 1)
    assert (inflow.ids, len(inflow.held.values)) == (["a", "b", "c", "d"], 4)
    assert (inflow.held.is_suspect, inflow.held.is_fresh) == (True, False)


async def test_an_adoption_is_of_what_was_lost_before_it_and_of_nothing_later(inflow):
    await inflow.load(5, "a", "b", "c")
    await inflow.load(6, "a", history="went back")
    assert (inflow.ids, len(inflow.held.values)) == (["a", "b", "c"], 2)
    await inflow.intake.load(content(7, "a", history="went back", adopted=6), 0.0)
    assert (inflow.ids, len(inflow.held.values)) == (["a"], 0)
    await inflow.intake.take([entry(8, "d", "e")])
    for _ in range(2):
        await inflow.intake.load(content(9, "a", history="went back again", adopted=6), 0.0)
        assert (inflow.ids, len(inflow.held.values)) == (["a", "d", "e"], 2)
    await inflow.intake.load(content(10, "a", history="went back again", adopted=10), 0.0)
    assert inflow.ids == ["a"]


async def test_what_the_disk_kept_is_served_as_it_is(inflow):
    kept = content(5, "a", epoch="held", history="before")
    kept.bad.append(("default/web/bad", "no line of ours"))
    await inflow.intake.serve(kept)
    assert (inflow.ids, inflow.intake.past.epoch, inflow.intake.history) == (["a"], "held", "before")
    assert (inflow.intake.bad_records, inflow.held.values) == (1, {})


@pytest.mark.parametrize(("before", "now", "held"), [(30, 30, 3), (30, 33, 0), (None, 33, 3)])
async def test_what_the_disk_kept_is_missed_unless_it_was_removed_since(inflow, before, now, held):
    await inflow.intake.serve(content(5, "a", "b", "c", "d"), before)
    await inflow.intake.load(content(9, "a", history="another", removed=now), 0.0)
    assert (len(inflow.held.values), len(inflow.ids)) == (held, 1 + held)


async def test_removals_are_counted_as_they_come(inflow):
    await inflow.intake.load(content(7, "a", "b", removed=30), 0.0)
    gone = Change(8, (), tuple(Removal(each, "deleted") for each in (("default", "web"), ("default", "web", "a"))))
    assert await inflow.intake.take([(8, change_fields(gone)), entry(9, "a")])
    assert inflow.intake.removed == 32


async def test_entries_wait_for_static_zones_that_come_in_steps(inflow, monkeypatch):
    monkeypatch.setattr("dnsd.authority.catalog.STEP_OBJECTS", 1)
    await inflow.load(7, "a", "b", "c")
    setting = asyncio.ensure_future(inflow.intake.set_static([]))
    await asyncio.sleep(0)
    assert await inflow.intake.take([entry(8, "late")])
    assert setting.done()
    assert "late" in inflow.ids
    assert name_from_text("late.web.default.svc.cluster.local.") in inflow.catalog.table.nodes
