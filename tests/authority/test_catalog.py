"""The table is what the inventory and the static zones say, always, however they got there."""

import marshal
from collections.abc import Callable
from typing import Any

import pytest
from authority.drawn import CHANGES, OBJECTS, Step, change_of, packed
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsd.authority.catalog import STEP_OBJECTS, Catalog
from dnsd.authority.octets import question_key
from dnsd.authority.table import Loading, Table, parts_of
from dnsd.model.change import Change, Removal
from dnsd.model.names import name_from_text, name_to_text, parent_of
from dnsd.model.rrset import ZoneData
from dnsd.model.service import Endpoint, Service

MakeEndpoint = Callable[..., Endpoint]
MakeStatic = Callable[[str, str], ZoneData]
ZONES = (name_from_text("cluster.local"), name_from_text("k8s.example.org"))
REVERSE = ("10.0.0.0/8", "10.1.0.0/16", "192.0.2.1/32", "fd00::/8")
WEB = Service("default", "web")
A = question_key(1)


def a_catalog() -> Catalog:
    return Catalog(ZONES, REVERSE, ("192.0.2.53",))


def copied(table: Table) -> Table:
    loading, other = Loading(), Table()
    for part in parts_of(table, 7):
        loading.add(marshal.loads(marshal.dumps(part)))
    other.replace(loading)
    return other


def has(catalog: Catalog, text: str) -> bool:
    return name_from_text(text) in catalog.table.nodes


@pytest.fixture
def catalog(make_endpoint: MakeEndpoint) -> Catalog:
    made = a_catalog()
    made.load([WEB], [make_endpoint("a", "10.0.0.1")], 1)
    return made


@settings(max_examples=150, deadline=None)
@given(CHANGES, st.lists(OBJECTS, max_size=6))
def test_changes_make_the_table_that_a_fresh_load_makes(steps: list[Step], start: list[Service | Endpoint]) -> None:
    catalog = a_catalog()
    catalog.load(
        [each for each in start if isinstance(each, Service)], [each for each in start if isinstance(each, Endpoint)], 1
    )
    responder = copied(catalog.table)
    for revision, step in enumerate(steps, 2):
        delta = catalog.apply(change_of(step, revision), 0.0)
        responder.apply(marshal.loads(marshal.dumps(delta.pack())))
    fresh = a_catalog()
    fresh.load(catalog.inventory.services(), catalog.inventory.endpoints(), 1 + len(steps))
    assert packed(catalog.table) == packed(fresh.table)
    assert packed(responder) == packed(fresh.table)
    assert_hangs_together(fresh.table)


def assert_hangs_together(table: Table) -> None:
    """Every ancestor of a node up to its zone's apex is a node too."""
    for owner, node in table.nodes.items():
        if owner != node.zone.origin:
            assert parent_of(owner) in table.nodes, name_to_text(owner)


def test_nothing_is_shown_before_a_load_is_over(make_endpoint: MakeEndpoint) -> None:
    catalog = a_catalog()
    endpoints = [make_endpoint(f"a{number}", "10.0.0.1") for number in range(2 * STEP_OBJECTS)]
    steps = catalog.load_steps([WEB], endpoints, 7)
    breaths = 0
    for _ in steps:
        breaths += 1
        assert not catalog.table.loaded
        assert catalog.table.nodes == {}
    assert breaths >= 3
    assert (catalog.table.loaded, catalog.table.revision) == (True, 7)


def test_a_load_replaces_all_that_was(catalog: Catalog, make_endpoint: MakeEndpoint) -> None:
    catalog.load([Service("default", "api")], [make_endpoint("b", "10.0.0.2", service="api")], 9)
    assert has(catalog, "api.default.svc.cluster.local")
    assert not has(catalog, "web.default.svc.cluster.local")
    assert not has(catalog, "1.0.0.10.in-addr.arpa")
    assert catalog.inventory.service(WEB.key) is None


def test_a_load_that_is_given_up_changes_nothing(catalog: Catalog) -> None:
    before = packed(catalog.table)
    next(catalog.load_steps([Service("default", "api")], [], 9))
    assert packed(catalog.table) == before


def test_the_serial_is_the_revision(catalog: Catalog, make_endpoint: MakeEndpoint) -> None:
    catalog.set_static([])
    assert {zone.soa.serial for zone in catalog.table.zones.values()} == {1}
    catalog.apply(Change(2, (make_endpoint("b", "10.0.0.2"),)))
    assert {zone.soa.serial for zone in catalog.table.zones.values()} == {2}


def test_static_zones_come_and_go(catalog: Catalog, make_static: MakeStatic) -> None:
    catalog.set_static([make_static("example.com", "www A 192.0.2.1\n")])
    assert has(catalog, "www.example.com")
    assert has(catalog, "web.default.svc.cluster.local")
    assert catalog.table.zones[name_from_text("example.com")].soa.serial == 7
    catalog.set_static([])
    assert not has(catalog, "example.com")
    assert has(catalog, "web.default.svc.cluster.local")


def test_static_zones_wait_for_the_first_load(make_static: MakeStatic) -> None:
    catalog = a_catalog()
    catalog.set_static([make_static("example.com", "")])
    assert (catalog.table.loaded, catalog.table.nodes) == (False, {})
    catalog.load([], [], 1)
    assert has(catalog, "example.com")


@pytest.mark.parametrize("is_loaded", [True, False])
def test_static_zones_that_change_during_a_load_are_the_new_ones(is_loaded: bool, make_static: MakeStatic) -> None:
    # SIGHUP while the mirror loads everything anew.
    catalog = a_catalog()
    catalog.set_static([make_static("old.example.com", "")])
    if is_loaded:
        catalog.load([], [], 1)
    steps = catalog.load_steps([WEB], [], 2)
    next(steps)
    catalog.set_static([make_static("new.example.com", "")])
    for _ in steps:
        pass
    assert has(catalog, "new.example.com")
    assert not has(catalog, "old.example.com")
    assert has(catalog, "web.default.svc.cluster.local")
    assert catalog.table.revision == 2


def keeping(**fields: Any) -> Service:
    return Service("default", "web", when_empty="last_known", **fields)


def answers(catalog: Catalog) -> set[bytes]:
    node = catalog.table.nodes.get(name_from_text("web.default.svc.cluster.local"))
    return set(node.answers) if node else set()


def expired(key: tuple[str, str, str]) -> Removal:
    return Removal(key, "expired")


def test_last_known_answers_end(make_endpoint: MakeEndpoint) -> None:
    catalog = a_catalog()
    endpoint = make_endpoint("a", "10.0.0.1")
    catalog.load([keeping()], [endpoint], 1)
    catalog.apply(Change(2, (), (expired(endpoint.key),)), now=1000.0)
    responder = copied(catalog.table)
    assert A in answers(catalog)
    assert catalog.expire(1599.0) is None
    delta = catalog.expire(1600.0)
    assert delta is not None
    responder.apply(delta.pack())
    assert answers(catalog) == set()
    assert packed(responder) == packed(catalog.table)
    assert catalog.expire(9999.0) is None


def test_what_time_changes_comes_with_the_next_revision(make_endpoint: MakeEndpoint) -> None:
    catalog = a_catalog()
    endpoint = make_endpoint("a", "10.0.0.1")
    catalog.load([keeping()], [endpoint], 1)
    catalog.apply(Change(2, (), (expired(endpoint.key),)), now=1000.0)
    assert not catalog.is_due(1599.0)
    assert catalog.is_due(1600.0)
    delta = catalog.apply(Change(3), now=1600.0)
    assert (delta.revision, answers(catalog)) == (3, set())
    assert delta.nodes
    assert not catalog.is_due(9999.0)


def test_a_service_with_endpoints_is_never_due(make_endpoint: MakeEndpoint) -> None:
    catalog = a_catalog()
    catalog.load([keeping()], [make_endpoint("a", "10.0.0.1")], 1)
    catalog.apply(Change(2, (make_endpoint("a", "10.0.0.1", weight=7),)), now=1000.0)
    assert not catalog.is_due(5000.0)


def test_last_known_answers_survive_new_static_zones(make_endpoint: MakeEndpoint) -> None:
    catalog = a_catalog()
    endpoint = make_endpoint("a", "10.0.0.1")
    catalog.load([keeping()], [endpoint], 1)
    catalog.apply(Change(2, (), (expired(endpoint.key),)), now=1000.0)
    catalog.set_static([])
    assert A in answers(catalog)


def test_what_a_load_shows_to_be_gone_is_not_last_known(make_endpoint: MakeEndpoint) -> None:
    catalog = a_catalog()
    catalog.load([keeping()], [make_endpoint("a", "10.0.0.1")], 1)
    catalog.apply(Change(2, (make_endpoint("a", "10.0.0.1", weight=7),)), now=1000.0)
    catalog.load([keeping()], [], 3)
    assert answers(catalog) == set()


def test_reverse_ranges_may_repeat() -> None:
    catalog = Catalog(ZONES, ("10.0.0.0/8", "10.0.0.0/8"), ())
    catalog.load([], [], 1)
    assert [name_to_text(origin) for origin in catalog.table.zones] == [
        "cluster.local.",
        "k8s.example.org.",
        "10.in-addr.arpa.",
    ]
