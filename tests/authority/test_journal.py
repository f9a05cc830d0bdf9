"""The journal of changes, record by record: whoever knows one serial is led to the last one, or told that he cannot."""

import pytest

from dnsd.authority.catalog import Catalog
from dnsd.authority.export import Snapshot
from dnsd.authority.journal import Journal
from dnsd.authority.table import Loading, Table, parts_of
from dnsd.model.change import Change, Removal
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service

ZONE = name_from_text("cluster.local")
REVERSE = name_from_text("10.in-addr.arpa")


def endpoint(number: int, address: str | None = None) -> Endpoint:
    return Endpoint("default", "web", f"web-{number}", (address or f"10.0.0.{number}",), (Port("http", "TCP", 80),))


def records(table: Table, origin: bytes = ZONE) -> set[bytes]:
    return {record for of_node in Snapshot(table, origin).records() for record in of_node}


@pytest.fixture(params=["the catalog's own table", "a responder's table"])
def followed(request):
    """A catalog, the table under test, and a function that applies a change to both."""
    catalog = Catalog([ZONE], ["10.0.0.0/8"], ["192.0.2.1"])
    catalog.load([Service("default", "web", declared=False)], [endpoint(1)], 10)
    table = catalog.table
    if request.param == "a responder's table":
        table, loading = Table(), Loading()
        for part in parts_of(catalog.table, 3):
            loading.add(part)
        table.replace(loading)
    table.journal = Journal()

    def change(*arguments):
        delta = catalog.apply(Change(*arguments))
        if table is not catalog.table:
            table.apply(delta.pack())

    return catalog, table, change


def test_one_difference_leads_from_any_known_serial_to_the_last(followed):
    _, table, change = followed
    held = {10: (records(table), records(table, REVERSE))}
    for revision, number in enumerate((2, 3, 4), 11):
        change(revision, (endpoint(number),))
        held[revision] = records(table), records(table, REVERSE)
    change(14, (endpoint(2, "10.9.9.9"),))
    change(15, (), (Removal(endpoint(3).key, "deleted"),))
    for serial, (forward, backward) in held.items():
        for origin, before in ((ZONE, forward), (REVERSE, backward)):
            difference = table.journal.since(origin, serial)
            assert before >= set(difference.removed)
            assert not before & set(difference.added)
            assert before - set(difference.removed) | set(difference.added) == records(table, origin)


def test_what_comes_and_goes_again_is_no_difference(followed):
    _, table, change = followed
    change(11, (endpoint(2),))
    change(12, (), (Removal(endpoint(2).key, "expired"),))
    difference = table.journal.since(ZONE, 10)
    assert (difference.removed, difference.added) == ({}, {})


def test_what_is_not_known_is_told(followed):
    catalog, table, change = followed
    change(11, (endpoint(2),))
    assert table.journal.since(ZONE, 9) is None
    assert table.journal.since(ZONE, 11) is None
    assert table.journal.since(ZONE, 10) is not None
    if table is catalog.table:
        catalog.load([], [], 11)
    else:
        table.replace(Loading())
    assert table.journal.since(ZONE, 10) is None


def test_a_change_under_the_same_serial_forgets_the_past():
    """A secondary that has this serial may or may not have seen it: only the whole zone is right then."""
    catalog = Catalog([ZONE], [], ["192.0.2.1"])
    catalog.load([], [], 1)
    node = catalog.table.nodes[ZONE]
    journal = Journal()
    journal.add(1, 2, [])
    journal.add(2, 2, [(ZONE, node, node)])
    assert journal.since(ZONE, 1) is not None
    journal.add(2, 2, [(ZONE, node, None)])
    journal.add(2, 3, [])
    assert journal.since(ZONE, 1) is None
    assert journal.since(ZONE, 2) is None, "serial 2 stood for two contents"
    journal.add(3, 4, [])
    assert journal.since(ZONE, 2) is None
    assert journal.since(ZONE, 3) is not None


def test_serials_wrap():
    journal = Journal()
    journal.add(0xFFFFFFFF, 1 << 32, [])
    journal.add(1 << 32, (1 << 32) + 1, [])
    assert journal.since(ZONE, 0xFFFFFFFF) is not None
    assert journal.since(ZONE, 0) is not None


def test_it_is_bounded():
    journal = Journal(octets_most=1000)
    for revision in range(100):
        journal.add(revision, revision + 1, [])
    assert journal.since(ZONE, 50) is None
    assert journal.since(ZONE, 97) is not None
