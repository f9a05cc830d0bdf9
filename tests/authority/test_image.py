"""An image that is taken up is what a load of the same documents makes, and goes on as that does."""

import marshal
from collections.abc import Iterator

import pytest
from authority.drawn import CHANGES, Step, change_of, packed
from hypothesis import given, settings

from dnsd.authority.catalog import Catalog
from dnsd.authority.form import Packed
from dnsd.authority.image import SERVICES_A_PART
from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change, Removal
from dnsd.model.health import HealthCheck
from dnsd.model.names import name_from_text
from dnsd.model.service import Service

ZONES = (name_from_text("cluster.local"), name_from_text("k8s.example.org"))
REVERSE = ("10.0.0.0/8", "10.1.0.0/16", "192.0.2.1/32", "fd00::/8")


def a_catalog() -> Catalog:
    return Catalog(ZONES, REVERSE, ("192.0.2.53",))


def kept(catalog: Catalog) -> Iterator[Packed]:
    """The parts as they come back from a file."""
    return (marshal.loads(marshal.dumps(part)) for part in catalog.image().parts())


def resumed(catalog: Catalog) -> Catalog:
    other = a_catalog()
    for _ in other.resume_steps(kept(catalog), catalog.table.revision):
        pass
    return other


def said(catalog: Catalog) -> list[object]:
    return sorted(catalog.table.words.all())


@settings(max_examples=150, deadline=None)
@given(CHANGES, CHANGES)
def test_it_is_the_same_and_the_same_becomes_of_it(before: list[Step], after: list[Step]) -> None:
    catalog = a_catalog()
    catalog.load([], [], 1)
    for revision, step in enumerate(before, 2):
        catalog.apply(change_of(step, revision), 0.0)
    other = resumed(catalog)
    assert packed(other.table) == packed(catalog.table)
    for revision, step in enumerate(after, 2 + len(before)):
        change = change_of(step, revision)
        told, expected = other.apply(change, 0.0).pack(), catalog.apply(change, 0.0).pack()
        assert sorted(told[1], key=repr) == sorted(expected[1], key=repr)
        assert packed(other.table) == packed(catalog.table)
    assert said(other) == said(catalog)
    for values in (Inventory.services, Inventory.endpoints):
        assert {*map(repr, values(other.inventory))} == {*map(repr, values(catalog.inventory))}


def test_an_image_is_of_the_moment_in_which_it_was_made(make_endpoint) -> None:
    catalog = a_catalog()
    catalog.load([Service("default", "web")], [make_endpoint("a", "10.0.0.1")], 1)
    image, expected = catalog.image(), packed(catalog.table)
    catalog.apply(Change(2, (make_endpoint("b", "10.0.0.2"),), (Removal(("default", "web", "a"), "deleted"),)))
    other = a_catalog()
    for _ in other.resume_steps(image.parts(), 1):
        pass
    assert packed(other.table) == expected


def test_weights_that_rise_and_answers_known_last_are_not_taken_up(make_endpoint) -> None:
    """A load knows nothing of what happened when: what it finds counts in full."""
    catalog, fresh = a_catalog(), a_catalog()
    catalog.load(
        [Service("default", "web", slow_start_seconds=60), Service("default", "db", when_empty="last_known")], [], 1
    )
    catalog.apply(Change(2, (make_endpoint("a", "10.0.0.1"), make_endpoint("c", "10.0.0.3", service="db"))), 10.0)
    catalog.apply(Change(3, (make_endpoint("b", "10.0.0.2"),), (Removal(("default", "db", "c"), "expired"),)), 20.0)
    fresh.load(catalog.inventory.services(), catalog.inventory.endpoints(), 3)
    assert packed(catalog.table) != packed(fresh.table)
    assert packed(resumed(catalog).table) == packed(fresh.table)


def test_counts_and_checks_of_the_inventory_are_there(make_endpoint) -> None:
    catalog = a_catalog()
    web = Service("default", "web", health=HealthCheck("tcp"), labels={"a": "b"})
    catalog.load([web, Service("other", "db")], [make_endpoint("a", "10.0.0.1", metadata={"k": "v"})], 1)
    inventory = resumed(catalog).inventory
    assert inventory.service(("default", "web")) == web
    assert list(inventory.checked) == [("default", "web")]
    counts = {namespace: (count.services, count.endpoints) for namespace, count in inventory.counts.items()}
    assert counts == {"default": (1, 1), "other": (1, 0)}
    inventory.remove(Removal(("default", "web", "a"), "deleted"))
    assert inventory.counts["default"].endpoints == 0


def test_parts_that_end_in_a_fault_change_nothing(make_endpoint) -> None:
    catalog, other = a_catalog(), a_catalog()
    catalog.load([Service("default", "web")], [make_endpoint("a", "10.0.0.1")], 7)
    other.load([], [], 1)
    expected = packed(other.table)

    def torn() -> Iterator[Packed]:
        yield next(kept(catalog))
        raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        list(other.resume_steps(torn(), 7))
    assert packed(other.table) == expected


def test_static_zones_that_change_meanwhile_are_the_new_ones(make_endpoint, make_static) -> None:
    catalog, other, fresh = a_catalog(), a_catalog(), a_catalog()
    catalog.load([Service("default", "web")], [make_endpoint("a", "10.0.0.1")], 7)
    steps = other.resume_steps(kept(catalog), 7)
    next(steps)
    zone = make_static("example.org", "www A 192.0.2.7\n")
    other.set_static([zone])
    assert list(steps)
    fresh.set_static([zone])
    fresh.load([Service("default", "web")], [make_endpoint("a", "10.0.0.1")], 7)
    assert packed(other.table) == packed(fresh.table)


def test_makings_tell_settings_and_static_zones_apart(make_static) -> None:
    catalog = a_catalog()
    others = [Catalog(ZONES[:1], REVERSE, ("192.0.2.53",)), Catalog(ZONES, (), ("192.0.2.53",))]
    others += [Catalog(ZONES, REVERSE, ()), Catalog(ZONES, REVERSE, ("192.0.2.53",), negative_ttl=9)]
    others += [a_catalog(), a_catalog()]
    others[-1].set_static([make_static("example.org", "www A 192.0.2.7\n")])
    others[-2].set_static([make_static("example.org", "www A 192.0.2.8\n")])
    assert len({catalog.makings, *(other.makings for other in others)}) == 7
    assert a_catalog().makings == catalog.makings


def test_many_services_are_in_several_parts(make_endpoint) -> None:
    catalog = a_catalog()
    services = [Service("default", f"web-{number}") for number in range(2 * SERVICES_A_PART + 1)]
    catalog.load(services, [make_endpoint("a", "10.0.0.1", service=service.name) for service in services], 1)
    assert sum(bool(parcels) for parcels, _, _ in kept(catalog)) == 3
    assert packed(resumed(catalog).table) == packed(catalog.table)
