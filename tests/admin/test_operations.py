"""A batch's body becomes operations; every fault of every operation is told with its place."""

import pytest

from dnsd.admin.failures import TooLarge
from dnsd.admin.operations import operations_from_document
from dnsd.model.errors import InvalidRecord
from dnsd.model.service import Endpoint, Service
from dnsd.registry.services import Delete, Edit, Mark, Operation, Put

ENDPOINT = {"kind": "endpoint", "namespace": "Default", "service": "WEB", "id": "Web-1"}
SERVICE = {"kind": "service", "namespace": "Default", "service": "WEB"}
KEY = ("default", "web", "Web-1")
VALUE = {"address": "192.0.2.1"}


def refusal(address: str) -> str | None:
    return "not here" if address.startswith("169.254.") else None


def operations(*documents: object) -> list[Operation]:
    return operations_from_document({"operations": list(documents)}, refusal)


def test_what_a_batch_may_hold() -> None:
    found = operations(
        ENDPOINT | {"op": "put", "value": VALUE},
        ENDPOINT | {"op": "delete"},
        ENDPOINT | {"op": "drain"},
        ENDPOINT | {"op": "undrain"},
        SERVICE | {"op": "put", "value": {"ttl_seconds": 7}},
        SERVICE | {"op": "delete"},
    )
    assert found == [
        Put(Endpoint(*KEY, ("192.0.2.1",))),
        Delete(KEY),
        Mark(KEY, "x"),
        Mark(KEY, "-"),
        Put(Service("default", "web", ttl_seconds=7)),
        Delete(KEY[:2]),
    ]


def test_a_patch_is_an_edit() -> None:
    (patch,) = operations(ENDPOINT | {"op": "patch", "value": {"weight": 7}})
    assert isinstance(patch, Edit)
    assert patch.edit(Endpoint(*KEY, ("192.0.2.1",), priority=3)) == Endpoint(
        *KEY, ("192.0.2.1",), weight=7, priority=3
    )


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        (5, ["/operations/0"]),
        ({}, ["/operations/0/op", "/operations/0/kind", "/operations/0/namespace", "/operations/0/service"]),
        (ENDPOINT | {"op": "create", "value": VALUE}, ["/operations/0/op"]),
        (ENDPOINT | {"op": "put", "value": VALUE, "kind": "node"}, ["/operations/0/kind"]),
        (ENDPOINT | {"op": "put", "value": VALUE, "if_match": 1}, ["/operations/0/if_match"]),
        (ENDPOINT | {"op": "put"}, ["/operations/0/value"]),
        (ENDPOINT | {"op": "put", "value": None}, ["/operations/0/value"]),
        (
            ENDPOINT | {"op": "put", "value": {"weight": -1}},
            ["/operations/0/value/address", "/operations/0/value/weight"],
        ),
        (ENDPOINT | {"op": "put", "value": {"address": "169.254.1.1"}}, ["/operations/0/value/address"]),
        (ENDPOINT | {"op": "put", "value": VALUE | {"id": "x"}}, ["/operations/0/value/id"]),
        (ENDPOINT | {"op": "put", "value": VALUE, "id": "a b"}, ["/operations/0/id"]),
        (ENDPOINT | {"op": "put", "value": VALUE, "id": None}, ["/operations/0/id"]),
        (
            ENDPOINT | {"op": "delete", "namespace": "a.b", "service": ""},
            ["/operations/0/namespace", "/operations/0/service"],
        ),
        (ENDPOINT | {"op": "delete", "value": VALUE}, ["/operations/0/value"]),
        (ENDPOINT | {"op": "drain", "value": {}}, ["/operations/0/value"]),
        (ENDPOINT | {"op": "patch", "value": {"address": "192.0.2.1"}}, ["/operations/0/value/address"]),
        (ENDPOINT | {"op": "patch", "value": {"weight": 65_536}}, ["/operations/0/value/weight"]),
        (SERVICE | {"op": "put", "value": {"ports": [{"port": 0}]}}, ["/operations/0/value/ports/0/port"]),
        (SERVICE | {"op": "put", "value": {}, "id": "x"}, ["/operations/0/id"]),
        (SERVICE | {"op": "patch", "value": {}}, ["/operations/0/op"]),
        (SERVICE | {"op": "drain"}, ["/operations/0/op"]),
        (SERVICE | {"op": "delete", "service": "_tcp"}, ["/operations/0/service"]),
    ],
)
def test_what_a_batch_may_not_hold(document: object, fields: list[str]) -> None:
    with pytest.raises(InvalidRecord) as invalid:
        operations(document)
    assert [fault.pointer for fault in invalid.value.faults] == fields


def test_the_faults_of_all_operations_are_told() -> None:
    good = ENDPOINT | {"op": "put", "value": VALUE}
    bad = ENDPOINT | {"op": "put", "value": {"address": "x"}}
    with pytest.raises(InvalidRecord) as invalid:
        operations(bad, good, bad)
    assert [fault.pointer for fault in invalid.value.faults] == [
        "/operations/0/value/address",
        "/operations/2/value/address",
    ]


@pytest.mark.parametrize("document", [None, [], {}, {"operations": None}, {"operations": []}, {"operations": {}}])
def test_what_is_no_batch(document: object) -> None:
    with pytest.raises(InvalidRecord):
        operations_from_document(document, refusal)


def test_a_thousand_and_no_more() -> None:
    assert len(operations(*[SERVICE | {"op": "delete"}] * 1000)) == 1000
    with pytest.raises(TooLarge):
        operations(*[SERVICE | {"op": "delete"}] * 1001)
