"""The mirror of documents holds what the last change left, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change, Removal
from dnsd.model.health import HealthCheck
from dnsd.model.service import Endpoint, Service

MakeEndpoint = Callable[..., Endpoint]
WEB = Service("default", "web")


def test_services_and_endpoints_are_found_by_key(make_endpoint: MakeEndpoint) -> None:
    inventory, endpoint = Inventory(), make_endpoint("web-1", "10.0.0.1")
    assert list(inventory.apply(Change(1, (WEB, endpoint)))) == [("default", "web")]
    assert inventory.service(("default", "web")) is WEB
    assert inventory.endpoint(("default", "web", "web-1")) is endpoint
    assert inventory.service(("default", "api")) is None
    assert inventory.endpoint(("default", "api", "api-1")) is None
    assert inventory.endpoint(("default", "web", "web-2")) is None
    assert list(inventory.services()) == [WEB]
    assert list(inventory.endpoints()) == [endpoint]


def test_endpoints_may_come_before_their_service(make_endpoint: MakeEndpoint) -> None:
    inventory = Inventory()
    inventory.put(make_endpoint("web-1", "10.0.0.1"))
    assert inventory.service(("default", "web")) is None
    assert list(inventory.services()) == []
    inventory.put(WEB)
    assert inventory.holdings["default", "web"].endpoints.keys() == {"web-1"}


def test_a_put_replaces(make_endpoint: MakeEndpoint) -> None:
    inventory = Inventory()
    inventory.put(make_endpoint("web-1", "10.0.0.1"))
    inventory.put(make_endpoint("web-1", "10.0.0.2"))
    assert [each.addresses for each in inventory.endpoints()] == [("10.0.0.2",)]


def test_a_holding_goes_with_the_last_of_it(make_endpoint: MakeEndpoint) -> None:
    inventory = Inventory()
    inventory.apply(Change(1, (WEB, make_endpoint("web-1", "10.0.0.1"))))
    inventory.remove(Removal(("default", "web"), "deleted"))
    assert inventory.holdings["default", "web"].service is None
    assert inventory.remove(Removal(("default", "web", "web-1"), "deleted")) == ("default", "web")
    assert inventory.holdings == {}


def test_what_is_not_there_can_be_removed() -> None:
    inventory = Inventory()
    assert inventory.remove(Removal(("default", "web"), "deleted")) == ("default", "web")
    inventory.put(WEB)
    inventory.remove(Removal(("default", "web", "web-1"), "expired"))
    assert inventory.service(("default", "web")) is WEB


def test_a_change_touches_each_service_once(make_endpoint: MakeEndpoint) -> None:
    inventory = Inventory()
    puts = (WEB, make_endpoint("web-1", "10.0.0.1"), make_endpoint("api-1", "10.0.0.2", service="api"))
    touched = inventory.apply(Change(1, puts, (Removal(("default", "old"), "expired"),)))
    assert list(touched) == [("default", "old"), ("default", "web"), ("default", "api")]


def test_a_change_removes_before_it_puts(make_endpoint: MakeEndpoint) -> None:
    # A service deleted and declared again by one batch is there.
    inventory = Inventory()
    inventory.put(WEB)
    inventory.apply(Change(2, (WEB,), (Removal(WEB.key, "deleted"),)))
    assert inventory.service(WEB.key) is WEB


def test_each_namespace_is_counted(make_endpoint: MakeEndpoint) -> None:
    inventory = Inventory()
    inventory.put(WEB)
    inventory.put(WEB)
    for name in ("web-1", "web-2", "web-1"):
        inventory.put(make_endpoint(name, "10.0.0.1"))
    assert {name: (count.services, count.endpoints) for name, count in inventory.counts.items()} == {"default": (1, 2)}
    for removal in (("default", "web", "web-1"), ("default", "web", "web-1"), ("default", "none"), ("default", "web")):
        inventory.remove(Removal(removal, "deleted"))
    assert (inventory.counts["default"].services, inventory.counts["default"].endpoints) == (0, 1)
    inventory.remove(Removal(("default", "web", "web-2"), "expired"))
    assert inventory.counts == {}


def test_those_to_be_checked_are_known_without_a_search(make_endpoint: MakeEndpoint) -> None:
    inventory = Inventory()
    inventory.put(WEB)
    assert inventory.checked == {}
    inventory.put(replace(WEB, health=HealthCheck("tcp")))
    inventory.put(make_endpoint("web-1", "10.0.0.1"))
    assert inventory.checked == {WEB.key: inventory.holdings[WEB.key]}
    inventory.put(WEB)
    assert inventory.checked == {}
    inventory.put(replace(WEB, health=HealthCheck("tcp")))
    inventory.remove(Removal(WEB.key, "deleted"))
    assert inventory.checked == {}
