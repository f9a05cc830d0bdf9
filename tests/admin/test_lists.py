"""Pages of the mirror: in order, filtered, each item once, whatever the size of a page."""

import pytest

from dnsd.admin import queries
from dnsd.admin.lists import Selection, endpoints_page, services_page, state_of
from dnsd.authority.inventory import Inventory
from dnsd.codec.selector import selector_from_text
from dnsd.model.service import Endpoint, Service


@pytest.fixture
def inventory() -> Inventory:
    filled = Inventory()
    for namespace in ("default", "other"):
        for name in ("api", "web"):
            filled.put(Service(namespace, name, labels={"app": name}))
    filled.put(Service("default", "idle"))
    filled.put(Endpoint("default", "web", "b", ("192.0.2.1",), draining=True, metadata={"zone": "a"}))
    filled.put(Endpoint("default", "web", "a", ("192.0.2.2",), metadata={"zone": "b"}))
    filled.put(Endpoint("default", "api", "B", ("192.0.2.3",), ready=False))
    filled.put(Endpoint("other", "web", "a", ("192.0.2.4",), ready=False, draining=True))
    return filled


def selection(**fields: object) -> Selection:
    plain: dict[str, object] = dict.fromkeys(("namespace", "service", "state", "after")) | {"labels": (), "limit": 100}
    return Selection(**(plain | fields))  # type: ignore[arg-type]


ENDPOINTS = [("default", "api", "B"), ("default", "web", "a"), ("default", "web", "b"), ("other", "web", "a")]
SERVICES = [("default", "api"), ("default", "idle"), ("default", "web"), ("other", "api"), ("other", "web")]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 100])
def test_pages_together_are_the_whole_in_order(inventory: Inventory, limit: int) -> None:
    for page_of, expected in ((services_page, SERVICES), (endpoints_page, ENDPOINTS)):
        found, after = [], None
        while True:
            page = page_of(inventory, selection(limit=limit, after=after))
            assert len(page.items) <= limit
            found += [item.key for item in page.items]
            if page.next is None:
                break
            after = page.items[-1].key
            assert page.next == queries.cursor_text(after)
        assert found == expected


def test_a_page_goes_on_where_the_last_item_is_gone_meanwhile(inventory: Inventory) -> None:
    page = endpoints_page(inventory, selection(after=("default", "web", "aa")))
    assert [item.key for item in page.items] == ENDPOINTS[2:]
    assert [item.key for item in services_page(inventory, selection(after=("default", "j"))).items] == SERVICES[2:]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"namespace": "other"}, [("other", "web", "a")]),
        ({"namespace": "none"}, []),
        ({"service": "web"}, ENDPOINTS[1:]),
        ({"namespace": "default", "service": "web"}, ENDPOINTS[1:3]),
        ({"labels": selector_from_text("app=web")}, ENDPOINTS[1:]),
        ({"labels": selector_from_text("app=web,zone=b")}, [("default", "web", "a")]),
        ({"labels": selector_from_text("zone=a")}, [("default", "web", "b")]),
        ({"labels": selector_from_text("zone=c")}, []),
        ({"labels": selector_from_text("app in (web),!zone")}, [("other", "web", "a")]),
        ({"labels": selector_from_text("zone,zone!=a")}, [("default", "web", "a")]),
        ({"state": "ready"}, [("default", "web", "a")]),
        ({"state": "not-ready"}, [("default", "api", "B")]),
        ({"state": "draining"}, [("default", "web", "b"), ("other", "web", "a")]),
    ],
)
def test_endpoints_by(inventory: Inventory, fields: dict[str, object], expected: list[object]) -> None:
    assert [item.key for item in endpoints_page(inventory, selection(**fields)).items] == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"namespace": "other"}, SERVICES[3:]),
        ({"labels": selector_from_text("app=api")}, [("default", "api"), ("other", "api")]),
        ({"state": "ready"}, [("default", "web")]),
        ({"state": "draining"}, [("default", "web"), ("other", "web")]),
        ({"state": "not-ready"}, [("default", "api"), ("default", "idle"), ("other", "api"), ("other", "web")]),
    ],
)
def test_services_by(inventory: Inventory, fields: dict[str, object], expected: list[object]) -> None:
    assert [item.key for item in services_page(inventory, selection(**fields)).items] == expected


def test_endpoints_whose_service_has_not_come_yet_are_listed(inventory: Inventory) -> None:
    inventory.put(Endpoint("new", "web", "a", ("192.0.2.5",)))
    assert [item.key for item in endpoints_page(inventory, selection(namespace="new")).items] == [("new", "web", "a")]
    assert services_page(inventory, selection(namespace="new")).items == []


def test_draining_is_the_state_that_counts_first() -> None:
    assert state_of(Endpoint("a", "b", "c", ("192.0.2.1",), ready=False, draining=True)) == "draining"
