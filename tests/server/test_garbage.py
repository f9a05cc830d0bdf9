import gc

import pytest

from dnsd.server.garbage import CHANGES_A_COLLECTION, Garbage


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


def test_changes_are_looked_at_once_in_a_while():
    garbage = Garbage()
    garbage.begin_load()
    garbage.end_load()
    frozen = gc.get_freeze_count()
    nodes = []
    for _ in range(CHANGES_A_COLLECTION - 1):
        nodes.append([1])
        garbage.change()
    before = gc.get_freeze_count()
    assert before <= frozen, "fewer when something of before has ended meanwhile"
    garbage.change()
    assert gc.get_freeze_count() >= before + len(nodes)
