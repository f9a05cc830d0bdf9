import gc

import pytest

from dnsd.server.garbage import NODES_A_COLLECTION, Garbage


@pytest.fixture(autouse=True)
def _thaw():
    yield
    gc.unfreeze()
    gc.enable()


def test_a_load_is_never_looked_at():
    garbage = Garbage()
    garbage.begin_load()
    assert not gc.isenabled()
    before = gc.get_freeze_count()
    load = [[number] for number in range(1000)]
    garbage.end_load()
    assert gc.isenabled()
    assert gc.get_freeze_count() - before >= len(load)


def brought(garbage, changes, nodes_each):
    """Changes of so many new nodes; returns them."""
    made = []
    for _ in range(changes):
        made += [[number] for number in range(nodes_each)]
        garbage.change(nodes_each)
    return made


@pytest.mark.parametrize("nodes_each", [1, 50])
def test_changes_are_looked_at_once_in_a_while(nodes_each):
    garbage = Garbage()
    garbage.begin_load()
    garbage.end_load()
    frozen = gc.get_freeze_count()
    nodes = brought(garbage, NODES_A_COLLECTION // nodes_each - 1, nodes_each)
    before = gc.get_freeze_count()
    assert before <= frozen, "fewer when something of before has ended meanwhile"
    nodes += brought(garbage, 1, nodes_each)
    assert gc.get_freeze_count() >= before + len(nodes)


def test_a_few_large_changes_leave_little_to_look_at():
    garbage = Garbage()
    garbage.begin_load()
    garbage.end_load()
    before = gc.get_freeze_count()
    nodes = brought(garbage, 10, 4 * NODES_A_COLLECTION)
    assert gc.get_freeze_count() >= before + len(nodes)
