"""What a watcher of a selection is told when objects come into it, stay, leave it, or go."""

from dataclasses import replace

from dnsd.admin.wanted import Filter, labels_of
from dnsd.authority.inventory import Inventory
from dnsd.codec.selector import selector_from_text
from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, Service

WEB = Service("default", "web", labels={"app": "web"})
ONE = Endpoint("default", "web", "one", ("192.0.2.1",), metadata={"tier": "front"})
TWO = Endpoint("default", "web", "two", ("192.0.2.2",), metadata={"app": "other"})


def told(wanted: Filter, change: Change, *standing: Service | Endpoint) -> list[tuple[str, object, object]]:
    """Event, object and cause, once the inventory has the change."""
    inventory = Inventory()
    for value in standing:
        inventory.put(value)
    inventory.apply(change)
    return [
        (name, data.get("id") or data["name"], data.get("cause")) for name, data in wanted.events(change, inventory)
    ]


def selecting(text: str) -> Filter:
    return Filter(None, None, labels=selector_from_text(text))


def test_without_labels_everything_wanted_is_told() -> None:
    change = Change(9, (WEB, ONE), (Removal(TWO.key, "expired"),))
    assert told(Filter("default", "web"), change) == [
        ("delete", "two", "expired"),
        ("put", "web", None),
        ("put", "one", None),
    ]
    assert told(Filter("shop", None), change) == []
    assert told(Filter(None, None, lambda key: len(key) == 2), change) == [("put", "web", None)]


def test_an_endpoint_has_the_labels_of_its_service_below_its_own() -> None:
    assert labels_of(ONE, WEB) == {"app": "web", "tier": "front"}
    assert labels_of(TWO, WEB) == {"app": "other"}
    assert labels_of(ONE, None) == {"tier": "front"}


def test_what_is_not_selected_is_taken_out() -> None:
    assert told(selecting("app=web"), Change(9, (ONE, TWO)), WEB) == [
        ("put", "one", None),
        ("delete", "two", "unselected"),
    ]
    assert told(selecting("tier"), Change(9, (replace(ONE, metadata={}),)), WEB, ONE) == [
        ("delete", "one", "unselected")
    ]


def test_a_service_that_gets_other_labels_takes_its_endpoints_along() -> None:
    changed = Change(9, (replace(WEB, labels={"app": "api"}),))
    assert told(selecting("app=web"), changed, WEB, ONE, TWO) == [
        ("delete", "web", "unselected"),
        ("delete", "one", "unselected"),
        ("delete", "two", "unselected"),
    ]
    assert told(selecting("app=api"), changed, WEB, ONE)[:2] == [("put", "web", None), ("put", "one", None)]


def test_a_removal_is_told_whatever_it_had() -> None:
    assert told(selecting("app=nothing"), Change(9, (), (Removal(ONE.key, "deleted"),)), WEB, ONE) == [
        ("delete", "one", "deleted")
    ]
