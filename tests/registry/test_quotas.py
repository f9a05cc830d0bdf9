"""Quotas: counted in the mirror and on the way there, by namespace and by service, batches as a whole."""

import pytest

from dnsd.model.service import Service
from dnsd.registry.quotas import Limits, OverQuota, Quotas
from dnsd.registry.services import Delete, Edit, Put


def put(make_endpoint, *names: str, service: str = "web") -> list[Put]:
    return [Put(make_endpoint(name, service, lease_seconds=None)) for name in names]


def refused(quotas: Quotas, operations: list[object]) -> str:
    with pytest.raises(OverQuota) as caught, quotas.room_for(operations):
        pass
    return str(caught.value)


@pytest.fixture
async def quotas(replica, make_endpoint, eventually) -> Quotas:
    """Three endpoints in two services stand, and there is room for one of each more."""
    await replica.services.batch(put(make_endpoint, "a", "b") + put(make_endpoint, "c", service="api"))
    await eventually(lambda: replica.endpoint("c", "api") is not None)
    return Quotas(replica.mirror, Limits(services=3, endpoints=4, service_endpoints=3, metadata_octets=8))


async def test_endpoints_of_a_namespace(quotas, make_endpoint) -> None:
    with quotas.room_for(put(make_endpoint, "d")):
        assert "default would hold 5 endpoints, at most 4" in refused(quotas, put(make_endpoint, "e", service="api"))
    assert "quota_endpoints" in refused(quotas, put(make_endpoint, "d", "e"))


async def test_endpoints_of_a_service(replica, make_endpoint) -> None:
    quotas = Quotas(replica.mirror, Limits(service_endpoints=2))
    told = refused(quotas, put(make_endpoint, "a", "b", "c"))
    assert told == "default/web would hold 3 endpoints, at most 2 are allowed (quota_service_endpoints)"
    with quotas.room_for(put(make_endpoint, "a", "b") + put(make_endpoint, "a", "b", service="api")):
        pass


async def test_services_declared_by_themselves_or_by_endpoints(quotas, make_endpoint) -> None:
    declared = [Put(Service("default", "one")), Put(Service("default", "two"))]
    assert "4 services, at most 3 are allowed (quota_services)" in refused(quotas, declared)
    assert "4 services" in refused(quotas, [declared[0], *put(make_endpoint, "x", service="implied")])
    with quotas.room_for([declared[0], *put(make_endpoint, "x", service="one")]):
        pass


async def test_what_stands_is_renewed_and_what_goes_makes_room(quotas, make_endpoint) -> None:
    with quotas.room_for(put(make_endpoint, "a", "b")):
        pass
    with quotas.room_for([Delete(("default", "web", "a")), *put(make_endpoint, "d", "e")]):
        pass
    with quotas.room_for([Delete(("default", "web")), *put(make_endpoint, "x", "y", "z", service="new")]):
        pass
    assert refused(quotas, [Delete(("default", "web", "unknown")), *put(make_endpoint, "d", "e")])


async def test_other_namespaces_have_their_own(quotas, make_endpoint) -> None:
    declared = {namespace: [Put(Service(namespace, each)) for each in "abc"] for namespace in ("default", "other")}
    with quotas.room_for(declared["other"]):
        assert "default would hold 5 services" in refused(quotas, declared["default"])


async def test_metadata_and_labels(quotas, make_endpoint) -> None:
    with quotas.room_for([Put(make_endpoint("a", metadata={"abcd": "efgh"}))]):
        pass
    assert "metadata of 9 octets" in refused(quotas, [Put(make_endpoint("a", metadata={"abcd": "efghi"}))])
    assert "labels of 9 octets" in refused(quotas, [Put(Service("default", "web", labels={"abcdé": "fgh"}))])
    edit = quotas.measured(Edit(("default", "web", "a"), lambda _: make_endpoint("a", metadata={"k": "x" * 8})))
    with pytest.raises(OverQuota):
        edit.edit(make_endpoint("a"))


async def test_nought_is_no_limit(replica, make_endpoint) -> None:
    many = [Put(make_endpoint(f"e{number}", metadata={"k": "x" * 5000})) for number in range(1001)]
    with Quotas(replica.mirror, Limits(0, 0, 0, 0)).room_for(many):
        assert refused(Quotas(replica.mirror, Limits()), many)


async def test_what_is_on_its_way_is_let_go_when_it_fails(quotas, make_endpoint) -> None:
    for _ in range(3):
        with pytest.raises(RuntimeError), quotas.room_for(put(make_endpoint, "d")):
            raise RuntimeError
    with quotas.room_for(put(make_endpoint, "d")):
        pass
