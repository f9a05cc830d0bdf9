import pytest

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, Service
from dnsd.registry.merging import Merging

WEB = Service("default", "web")
WEB_1 = Endpoint("default", "web", "web-1", ("192.0.2.1",))
WEB_2 = Endpoint("default", "web", "web-2", ("192.0.2.2",))


@pytest.fixture
def inventory():
    inventory = Inventory()
    for value in (WEB, WEB_1, WEB_2):
        inventory.put(value)
    return inventory


@pytest.fixture
def merging(inventory):
    return Merging(inventory, 8)


def gone(*keys, cause="deleted"):
    return tuple(Removal(key, cause) for key in keys)


def test_endpoints_go_with_their_service(merging):
    merging.add(Change(9, (), gone(WEB.key)))
    assert set(merging.changes[0].removals) == set(gone(WEB_1.key, WEB_2.key, WEB.key))
    assert merging.changes[0].removals[-1].key == WEB.key


def test_removals_are_counted_also_of_those_that_came_back(merging):
    merging.add(Change(9, (), gone(WEB.key)))
    merging.add(Change(10, (WEB, WEB_1)))
    merging.add(Change(11, (), gone(WEB_1.key)))
    merging.add(Change(12, (WEB_1,)))
    assert merging.removed == 3


def test_what_goes_anyway_is_removed_once(merging):
    removals = gone(WEB_1.key, WEB_2.key, WEB.key, cause="expired")
    merging.add(Change(9, (), removals))
    assert merging.changes == [Change(9, (), removals)]


def test_an_endpoint_whose_service_nobody_knows_gets_one(merging):
    other = Endpoint("default", "other", "a", ("192.0.2.1",))
    merging.add(Change(9, (WEB_1, other)))
    assert merging.changes[0].puts == (Service("default", "other", declared=False), WEB_1, other)


def test_the_last_word_on_each_object_counts(merging):
    newer = Endpoint("default", "web", "web-1", ("192.0.2.9",))
    merging.add(Change(9, (WEB_1,), gone(WEB_2.key)))
    merging.add(Change(10, (newer,)))
    merging.add(Change(11, (WEB_2,)))
    assert merging.change == Change(11, (WEB_2, newer))
    assert [change.revision for change in merging.changes] == [9, 10, 11]
    assert (merging.revision, merging.size) == (11, 2)


def test_a_service_takes_along_what_came_just_before_and_not_what_was_gone(merging):
    late = Endpoint("default", "web", "late", ("192.0.2.3",))
    merging.add(Change(9, (late,), gone(WEB_2.key, cause="expired")))
    merging.add(Change(10, (), gone(WEB.key)))
    assert set(merging.changes[1].removals) == set(gone(late.key, WEB_1.key, WEB.key))
    assert set(merging.change.removals) == {*gone(late.key, WEB_1.key, WEB.key), *gone(WEB_2.key, cause="expired")}


def test_a_service_that_was_gone_and_comes_again(merging):
    merging.add(Change(9, (), gone(WEB.key)))
    merging.add(Change(10, (WEB_1,)))
    implicit = Service("default", "web", declared=False)
    assert merging.changes[1].puts == (implicit, WEB_1)
    merged = merging.change
    assert set(merged.removals) == set(gone(WEB_2.key))
    assert {value.key: value for value in merged.puts} == {WEB.key: implicit, WEB_1.key: WEB_1}


def test_nothing_added(merging):
    assert (merging.changes, merging.size, merging.revision) == ([], 0, 8)
