import gc
import weakref

import pytest

from dnsd.registry.collector import (
    BATCHES_SECONDS,
    RECORDS_A_BATCH,
    RECORDS_A_COLLECTION,
    WHOLE_SECONDS_LEAST,
    WHOLE_SHARE_MOST,
    YOUNG_MOST,
    Growth,
    collect_new,
    collect_replaced,
    resting_collector,
)


class Knot:
    """Something that only the collector frees."""

    def __init__(self):
        self.self = self


@pytest.fixture(autouse=True)
def thawed():
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_it_rests_inside_and_walks_less_afterwards():
    with resting_collector():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[0] == YOUNG_MOST


def test_a_fault_does_not_leave_it_resting():
    with pytest.raises(ValueError), resting_collector():
        raise ValueError
    assert gc.isenabled()


def test_what_is_replaced_is_freed():
    with resting_collector():
        knot = Knot()
    gone = weakref.ref(knot)
    with resting_collector():
        del knot
        collect_replaced()
    assert gone() is None


def test_what_is_new_is_freed_without_a_look_at_what_stays():
    """A failover has everything read again: with 16,000 endpoints a look at all of it held the loop for 0.3 s."""
    with resting_collector():
        stays = Knot()
    left_out = weakref.ref(stays)
    del stays
    with resting_collector():
        gone = weakref.ref(Knot())
        collect_new()
        assert gone() is None
        assert gc.get_freeze_count() > 1000
    assert left_out() is not None
    collect_replaced()
    assert left_out() is None


def _take_in(growth, records):
    """As many records as changes: they came one by one."""
    with growth.taking_in(records, records):
        pass


def test_what_came_is_looked_at_once_and_garbage_among_it_is_freed(hand_clock):
    growth = Growth(hand_clock)
    gc.unfreeze()
    knot = Knot()
    gone = weakref.ref(knot)
    del knot
    _take_in(growth, RECORDS_A_COLLECTION - 1)
    assert gc.get_freeze_count() == 0
    _take_in(growth, 1)
    assert gone() is None
    assert gc.get_freeze_count() > 1000
    gc.unfreeze()
    _take_in(growth, RECORDS_A_COLLECTION - 1)
    assert gc.get_freeze_count() == 0


def _left_out(growth):
    """A knot that was in use when what came was looked at, and is no more."""
    knot = Knot()
    _take_in(growth, RECORDS_A_COLLECTION)
    return weakref.ref(knot)


def test_what_was_in_use_then_is_freed_by_a_walk_of_everything(hand_clock):
    """A connection of asyncio is a cycle: those open at each look stayed for ever, 2 KB each."""
    growth = Growth(hand_clock)
    gone = _left_out(growth)
    _take_in(growth, RECORDS_A_COLLECTION)
    assert gone() is not None
    hand_clock.advance(WHOLE_SECONDS_LEAST)
    _take_in(growth, RECORDS_A_COLLECTION)
    assert gone() is None
    assert gc.get_freeze_count() > 1000


def test_a_walk_of_everything_that_takes_long_is_as_seldom(hand_clock, monkeypatch):
    growth, collect = Growth(hand_clock), gc.collect
    hand_clock.advance(WHOLE_SECONDS_LEAST)
    monkeypatch.setattr(gc, "collect", lambda: (hand_clock.advance(1.0), collect()))
    _take_in(growth, RECORDS_A_COLLECTION)
    monkeypatch.undo()
    gone = _left_out(growth)
    hand_clock.advance(1 / WHOLE_SHARE_MOST - 1)
    _take_in(growth, RECORDS_A_COLLECTION)
    assert gone() is not None
    hand_clock.advance(1)
    _take_in(growth, RECORDS_A_COLLECTION)
    assert gone() is None


def test_what_a_batch_brings_is_left_out_without_a_look(hand_clock):
    growth = Growth(hand_clock)
    gc.unfreeze()
    with growth.taking_in(RECORDS_A_BATCH, 1):
        assert not gc.isenabled()
        gone = weakref.ref(Knot())
    assert gc.isenabled()
    assert gc.get_freeze_count() > 1000
    assert gone() is not None
    collect_new()
    assert gone() is not None
    collect_replaced()
    assert gone() is None


def test_between_batches_what_else_there_is_is_looked_at_now_and_then(hand_clock):
    growth = Growth(hand_clock)
    hand_clock.advance(BATCHES_SECONDS / 2)
    early = weakref.ref(Knot())
    with growth.taking_in(RECORDS_A_BATCH, 1):
        assert early() is not None
    hand_clock.advance(BATCHES_SECONDS / 2)
    late = weakref.ref(Knot())
    with growth.taking_in(RECORDS_A_BATCH, 1):
        assert late() is None
    hand_clock.advance(WHOLE_SECONDS_LEAST)
    with growth.taking_in(2 * RECORDS_A_BATCH, 2):
        assert early() is None


def test_records_that_waited_together_are_no_batch(hand_clock):
    growth = Growth(hand_clock)
    gc.unfreeze()
    with growth.taking_in(2 * RECORDS_A_BATCH - 1, 2):
        pass
    assert gc.get_freeze_count() == 0
