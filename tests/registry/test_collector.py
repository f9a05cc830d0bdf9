import gc
import weakref

import pytest

from dnsd.registry.collector import RECORDS_A_COLLECTION, YOUNG_MOST, Growth, collect_replaced, resting_collector


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


def test_what_came_is_looked_at_once_and_garbage_among_it_is_freed():
    growth = Growth()
    gc.unfreeze()
    knot = Knot()
    gone = weakref.ref(knot)
    del knot
    growth.add(RECORDS_A_COLLECTION - 1)
    assert gc.get_freeze_count() == 0
    growth.add(1)
    assert gone() is None
    assert gc.get_freeze_count() > 1000
    gc.unfreeze()
    growth.add(RECORDS_A_COLLECTION - 1)
    assert gc.get_freeze_count() == 0
