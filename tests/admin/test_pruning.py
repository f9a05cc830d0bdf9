"""What a prune removes: what was written down and is named no more, never much of it unasked."""

import pytest

from dnsd.admin.pruning import pruning
from dnsd.authority.inventory import Inventory
from dnsd.model.errors import Conflict
from dnsd.model.service import Endpoint, Service


def endpoint(service: str, identifier: str, lease: int | None = None, namespace: str = "default") -> Endpoint:
    return Endpoint(namespace, service, identifier, ("192.0.2.1",), lease_seconds=lease)


@pytest.fixture
def inventory() -> Inventory:
    made = Inventory()
    for value in (
        Service("default", "kept"),
        endpoint("kept", "one"),
        endpoint("kept", "two"),
        endpoint("kept", "leased", 15),
        Service("default", "gone"),
        endpoint("gone", "one"),
        Service("default", "alive"),
        endpoint("alive", "leased", 15),
        Service("default", "born", declared=False),
        endpoint("born", "leased", 15),
        Service("other", "gone"),
    ):
        made.put(value)
    return made


def test_what_goes_and_what_stays(inventory: Inventory) -> None:
    plan = pruning(inventory, [Service("default", "kept"), endpoint("kept", "one")])
    assert [value.key for value in plan.removed] == [("default", "gone"), ("default", "kept", "two")]
    assert (plan.lost, plan.standing) == (3, 6)
    assert [note.split()[1] for note in plan.notes] == ["default/alive"]
    with pytest.raises(Conflict, match="3 of 6 objects"):
        plan.check()


def test_thirty_percent_may_go_without_force() -> None:
    inventory = Inventory()
    values = [Service("default", f"s{number}") for number in range(10)]
    for value in values:
        inventory.put(value)
    pruning(inventory, values[3:]).check()
    with pytest.raises(Conflict, match="40%"):
        pruning(inventory, values[4:]).check()
    pruning(inventory, []).check()
    assert pruning(inventory, []).removed == ()


def test_an_endpoint_keeps_its_service(inventory: Inventory) -> None:
    plan = pruning(inventory, [endpoint("gone", "two")])
    assert ("default", "gone") not in [value.key for value in plan.removed]
    assert ("default", "gone", "one") in [value.key for value in plan.removed]
